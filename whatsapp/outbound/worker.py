"""Sends what is queued: one thread does all SQL, a pool of threads does the HTTP.

So a worker needs one connection to the database however much it sends, and what became of several messages is
recorded in one transaction.
"""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Final

import structlog
from django.db import Error, close_old_connections, connection

from whatsapp.outbound import providers, queue
from whatsapp.outbound.outcomes import Outgoing

log = structlog.get_logger(__name__)

THREADS: Final = 16
# How soon to look again after there was something to do, twice as long each time there was nothing. A message that is
# queued while another's wake-up waits brings none of its own (tasks.wake_sender), and may be committed just after we
# looked; retries become due without anybody's word.
SHORTEST_LOOK_SECONDS: Final = 0.02
LONGEST_LOOK_SECONDS: Final = 2.0
LOSE_EACH_SECONDS: Final = 5.0
DATABASE_AWAY_SECONDS: Final = 2.0
# Until a result is tried again of which somebody holds the row.
HELD_SECONDS: Final = 2.0
THREADS_SECONDS: Final = 10.0  # to make all threads


class Sender:
    """The sending half of a worker. `wake` may be called from any thread."""

    def __init__(self, threads: int = THREADS) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="send")
        # Results, and None to be woken by.
        self._inbox: SimpleQueue[queue.Result | None] = SimpleQueue()
        self._in_flight = 0
        self._unrecorded: list[queue.Result] = []
        # Those of which somebody holds a row, and when to try them again.
        self._held: list[queue.Result] = []
        self._held_until = 0.0
        self._stopping = threading.Event()
        self._lost_at = 0.0
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)

    def start(self) -> None:
        self._make_threads()
        self._thread.start()

    def wake(self) -> None:
        """Something may be there to be sent."""
        self._inbox.put(None)

    def stop(self) -> None:
        """Claim no more; what is under way is finished and recorded. `join` waits for that."""
        self._stopping.set()
        self.wake()

    def join(self, seconds: float) -> None:
        """Wait for the end. What is still under way then is found by the next worker: see Note [Sent once]."""
        self._thread.join(seconds)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def drain(self) -> int:
        """Send what may leave now, in this thread, and return how much was tried. What is still held back by a number's
        pace, or waits for its next try, is left for another time.

        Raises django.db.Error.
        """
        self._make_threads()
        total = 0
        while True:
            claimed = self._turn()
            total += claimed
            if self._in_flight:
                self._collect(LONGEST_LOOK_SECONDS)
            elif not claimed:
                if self._held:
                    log.error("messages_not_recorded", messages=len(self._held))
                self._pool.shutdown()
                return total

    def _make_threads(self) -> None:
        """All of them now: a pool that fails to make one later, when it is given a message, has taken that though."""
        everybody = threading.Barrier(self._threads)
        list(self._pool.map(lambda _: everybody.wait(THREADS_SECONDS), range(self._threads)))

    def _run(self) -> None:
        pause = SHORTEST_LOOK_SECONDS
        while not (self._stopping.is_set() and not self._in_flight and not self._unrecorded and not self._held):
            try:
                close_old_connections()
                busy = self._turn()
            except Error as error:
                log.error("sender_interrupted", error=type(error).__name__)
                connection.close()
                busy, pause = 0, DATABASE_AWAY_SECONDS
            except Exception:
                log.exception("sender_broken")
                busy, pause = 0, DATABASE_AWAY_SECONDS
            pause = SHORTEST_LOOK_SECONDS if busy else pause
            pause = SHORTEST_LOOK_SECONDS if self._collect(pause) else min(2 * pause, LONGEST_LOOK_SECONDS)
        connection.close()

    def _turn(self) -> int:
        """Record what came back, claim what there is room for, and give it to the pool. Returns how many that were."""
        self._record()
        if time.monotonic() - self._lost_at > LOSE_EACH_SECONDS:
            queue.expire_leases()
            self._lost_at = time.monotonic()
        room = self._threads - self._in_flight
        if self._stopping.is_set() or room <= 0:
            return 0
        began = time.monotonic()
        claimed = queue.claim(room)
        for message in claimed:
            self._pool.submit(send_in_turn, message, began).add_done_callback(self._take)
            self._in_flight += 1
        return len(claimed)

    def _take(self, future: "Future[queue.Result]") -> None:
        self._inbox.put(future.result())

    def _collect(self, seconds: float) -> bool:
        """Wait so long for a result or a call, and take all that are there. Whether anything came."""
        try:
            item = self._inbox.get(timeout=seconds)
        except Empty:
            return False
        while True:
            if item is not None:
                self._in_flight -= 1
                self._unrecorded.append(item)
            try:
                item = self._inbox.get_nowait()
            except Empty:
                return True

    def _record(self) -> None:
        """All at once; one by one where that fails, so that a row that somebody holds keeps no other waiting."""
        if self._held and time.monotonic() > self._held_until:
            self._unrecorded, self._held = self._held + self._unrecorded, []
        while self._unrecorded:
            try:
                queue.record(self._unrecorded)
                self._unrecorded = []
            except Error:
                if not connection.is_usable():
                    raise
                self._record_first()

    def _record_first(self) -> None:
        """Of several that could not be recorded together; where it is this one's fault, it is set aside."""
        first = self._unrecorded[0]
        try:
            queue.record([first])
        except Error as error:
            if not connection.is_usable():
                raise
            log.error("message_not_recorded", message_id=str(first[0].id), error=type(error).__name__)
            self._held.append(first)
            self._held_until = time.monotonic() + HELD_SECONDS
        del self._unrecorded[0]


def send_in_turn(message: Outgoing, claimed_at: float) -> queue.Result:
    """Wait for the message's turn and send it, unless that has become too late. `claimed_at`: by time.monotonic()."""
    time.sleep(max(0.0, claimed_at + message.wait - time.monotonic()))
    if time.monotonic() > claimed_at + queue.BEGIN_SECONDS:
        return queue.not_begun(message)
    return message, providers.send(message)
