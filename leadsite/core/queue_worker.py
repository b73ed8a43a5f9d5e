"""The loop of a worker whose queue is rows of a table: one thread does all SQL, a pool of threads performs.

So a worker needs one connection to the database however much it does at a time, and several results can be recorded in
one transaction. What the rows mean is up to the subclass: whatsapp/outbound/worker.py, leadsite/webhooks/courier.py.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import ClassVar, Final, Generic, TypeVar

import structlog
from django.db import Error, close_old_connections, connection

log = structlog.get_logger(__name__)

# How soon to look again after there was something to do, twice as long each time there was nothing. A row that is
# committed just after the look brings no call of its own, and retries become due without one.
SHORTEST_LOOK_SECONDS: Final = 0.02
LONGEST_LOOK_SECONDS: Final = 2.0
EXPIRE_EACH_SECONDS: Final = 5.0
DATABASE_AWAY_SECONDS: Final = 2.0
# Until a result is recorded again whose row somebody holds.
HELD_SECONDS: Final = 2.0
THREADS_SECONDS: Final = 10.0  # to start all threads

Item = TypeVar("Item")
Result = TypeVar("Result")


class QueueWorker(ABC, Generic[Item, Result]):
    """Claims items, performs them in threads, records results. `wake` may be called from any thread."""

    name: ClassVar[str]
    # How many items are claimed beyond one for each thread: a thread that is done begins the next at once, and does not
    # wait for a record and a claim. Each is leased while it waits, and lost with its worker.
    ahead: ClassVar[int] = 0
    # How long a result may wait for others, so that one transaction records them all. Only where threads have items
    # ahead meanwhile.
    gather_seconds: ClassVar[float] = 0.0

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=self.name)
        # Results, and None for a call to look.
        self._inbox: SimpleQueue[Result | None] = SimpleQueue()
        self._in_flight = 0
        self._unrecorded: list[Result] = []
        # Results whose rows somebody holds, and when to try them again.
        self._held: list[Result] = []
        self._held_until = 0.0
        self._expired_at = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    @abstractmethod
    def claim(self, room: int) -> Sequence[Item]:
        """Take up to `room` items, each this worker's own until its lease ends. Raises django.db.Error."""

    @abstractmethod
    def perform(self, item: Item) -> Result:
        """Do it, in a thread of the pool, without the database. Never raises."""

    @abstractmethod
    def record(self, results: Sequence[Result]) -> None:
        """Store results; may be called again with any of them after it has raised. Raises django.db.Error."""

    @abstractmethod
    def describe(self, result: Result) -> dict[str, str]:
        """What the log says of a result that could not be recorded."""

    def expire(self) -> None:
        """Give up items whose worker is gone, every few seconds. Raises django.db.Error."""

    def start(self) -> None:
        self._start_threads()
        self._thread.start()

    def wake(self) -> None:
        """Something may be there to be claimed."""
        self._inbox.put(None)

    def stop(self) -> None:
        """Claim no more; items in progress are finished and recorded. `join` waits for that."""
        self._stopping.set()
        self.wake()

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def join(self, seconds: float) -> None:
        """Wait for the end. What is still in progress then is found when its lease is over."""
        self._thread.join(seconds)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def drain(self) -> int:
        """Do what can be claimed now, in this thread, and return how many items that were. Raises django.db.Error."""
        self._start_threads()
        total = 0
        while True:
            total += (claimed := self._turn())
            if self._in_flight:
                self._collect(LONGEST_LOOK_SECONDS)
            elif not claimed:
                if self._held:
                    log.error("results_not_recorded", worker=self.name, results=len(self._held))
                self._pool.shutdown()
                return total

    def _start_threads(self) -> None:
        """All at once: a pool that cannot start a thread later, when it is given an item, has taken the item though."""
        barrier = threading.Barrier(self._threads)
        list(self._pool.map(lambda _: barrier.wait(THREADS_SECONDS), range(self._threads)))

    def _run(self) -> None:
        pause = SHORTEST_LOOK_SECONDS
        while not (self._stopping.is_set() and not self._in_flight and not self._unrecorded and not self._held):
            busy = 0
            try:
                close_old_connections()
                busy = self._turn()
            except Error as error:
                log.error("queue_worker_interrupted", worker=self.name, error=type(error).__name__)
                connection.close()
                pause = DATABASE_AWAY_SECONDS
            except Exception:
                log.exception("queue_worker_broken", worker=self.name)
                pause = DATABASE_AWAY_SECONDS
            pause = SHORTEST_LOOK_SECONDS if busy else pause
            pause = SHORTEST_LOOK_SECONDS if self._collect(pause) else min(2 * pause, LONGEST_LOOK_SECONDS)
        connection.close()

    def _turn(self) -> int:
        """Record what came back, claim what there is room for, and give it to the pool. Returns how many that were."""
        self._record()
        if time.monotonic() - self._expired_at > EXPIRE_EACH_SECONDS:
            self.expire()
            self._expired_at = time.monotonic()
        room = self._threads + self.ahead - self._in_flight
        if self._stopping.is_set() or room <= 0:
            return 0
        claimed = self.claim(room)
        for item in claimed:
            self._pool.submit(self.perform, item).add_done_callback(self._take)
            self._in_flight += 1
        return len(claimed)

    def _take(self, future: "Future[Result]") -> None:
        self._inbox.put(future.result())

    def _collect(self, seconds: float) -> bool:
        """Wait so long for a result or a call, and take all that are there. Whether anything came."""
        try:
            result = self._inbox.get(timeout=seconds)
        except Empty:
            return False
        gathered_at = time.monotonic() + self.gather_seconds
        while True:
            if result is not None:
                self._in_flight -= 1
                self._unrecorded.append(result)
            # A call is answered at once, and so is the last result: no other can come.
            waits = result is not None and self._in_flight > 0
            try:
                result = self._inbox.get(waits, max(0.0, gathered_at - time.monotonic()))
            except Empty:
                return True

    def _record(self) -> None:
        """All together; one by one where that fails, so that a row that somebody holds keeps no other waiting."""
        if self._held and time.monotonic() > self._held_until:
            self._unrecorded, self._held = self._held + self._unrecorded, []
        while self._unrecorded:
            try:
                self.record(self._unrecorded)
                self._unrecorded = []
            except Error:
                if not connection.is_usable():
                    raise
                self._record_first()

    def _record_first(self) -> None:
        """One of several that could not be recorded together; where it cannot be alone either, it is set aside."""
        first = self._unrecorded[0]
        try:
            self.record([first])
        except Error as error:
            if not connection.is_usable():
                raise
            log.error("result_not_recorded", worker=self.name, error=type(error).__name__, **self.describe(first))
            self._held.append(first)
            self._held_until = time.monotonic() + HELD_SECONDS
        del self._unrecorded[0]
