"""Posts what is due: one thread does all SQL, a pool of threads does the HTTP; as whatsapp/outbound/worker.py does.

It looks by itself: a trigger writes the events, and can queue no job.
"""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Final

import structlog
from django.db import Error, close_old_connections, connection

from leadsite.webhooks import queue
from leadsite.webhooks.queue import Delivery, Outcome

log = structlog.get_logger(__name__)

THREADS: Final = 16
# How many of them may wait for endpoints that fail: these take the whole time-out, and the others need their turn.
FOR_FAILING: Final = THREADS // 2
LOOK_SECONDS: Final = 2.0

Result = tuple[Delivery, Outcome | None]


class Courier:
    """The posting half of a worker."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook")
        # Results, and None to be woken by.
        self._inbox: SimpleQueue[Result | None] = SimpleQueue()
        self._unrecorded: list[Result] = []
        # Whether the endpoint of each was failing when it was claimed.
        self._in_flight: dict[Delivery, bool] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Claim no more; what is under way is finished and recorded. `join` waits for that."""
        self._stopping.set()
        self._inbox.put(None)

    def join(self, seconds: float) -> None:
        """Wait for the end. What is still under way then will be posted again, when its lease is over."""
        self._thread.join(seconds)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def drain(self) -> int:
        """Post what is due, in this thread, and return how much was tried. Raises django.db.Error."""
        total = 0
        while True:
            total += (claimed := self._turn())
            if self._in_flight:
                self._collect(LOOK_SECONDS)
            elif not claimed:
                self._pool.shutdown()
                return total

    def _run(self) -> None:
        while not (self._stopping.is_set() and not self._in_flight and not self._unrecorded):
            try:
                close_old_connections()
                self._turn()
            except Error as error:
                log.error("courier_interrupted", error=type(error).__name__)
                connection.close()
            except Exception:
                log.exception("courier_broken")
            self._collect(LOOK_SECONDS)
        connection.close()

    def _turn(self) -> int:
        """Record what came back, claim what there is room for, and give it to the pool. Returns how many that were."""
        while self._unrecorded:
            delivery, outcome = self._unrecorded[0]
            try:
                if outcome is not None:
                    queue.record(delivery, outcome)
            except Error as error:
                if not connection.is_usable():
                    raise
                # Held by somebody, say. It will be posted again, when its lease is over.
                log.error("webhook_not_recorded", event_id=str(delivery.id), error=type(error).__name__)
            del self._unrecorded[0]
        if self._stopping.is_set():
            return 0
        return self._claim(failing=False) + self._claim(failing=True)

    def _claim(self, *, failing: bool) -> int:
        room = THREADS - len(self._in_flight)
        if failing:
            room = min(room, FOR_FAILING - sum(self._in_flight.values()))
        if room <= 0:
            return 0
        claimed = queue.claim(room, failing=failing)
        for delivery in claimed:
            self._in_flight[delivery] = failing
            self._pool.submit(_try, delivery).add_done_callback(self._take)
        return len(claimed)

    def _take(self, future: "Future[Result]") -> None:
        self._inbox.put(future.result())

    def _collect(self, seconds: float) -> None:
        """Wait so long for a result or a call, and take all that are there."""
        try:
            item = self._inbox.get(timeout=seconds)
        except Empty:
            return
        while True:
            if item is not None:
                del self._in_flight[item[0]]
                self._unrecorded.append(item)
            try:
                item = self._inbox.get_nowait()
            except Empty:
                return


def _try(delivery: Delivery) -> Result:
    """Without an outcome where we are what is broken: the event is due again when its lease is over."""
    try:
        return delivery, queue.deliver(delivery)
    except Exception:
        log.exception("webhook_broken", event_id=str(delivery.id))
        return delivery, None
