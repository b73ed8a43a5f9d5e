"""The loop of a worker whose queue is rows of a table: one thread executes all SQL, a pool of threads does the work.

So a worker needs one database connection, however many threads it has, and can record several results in one
transaction. Subclasses: whatsapp/outbound/worker.py, leadsite/webhooks/courier.py.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import ClassVar, Final, Generic, TypeVar

import structlog
from django.db import Error, close_old_connections, connection, transaction

from leadsite.core import clock, failures
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import end_if_idle

log = structlog.get_logger(__name__)

# The interval of polling: the shortest after there was work, doubled each time there was none. A row committed just
# after a poll may not wake the worker, and retries become due without a call.
SHORTEST_POLL_SECONDS: Final = 0.02
LONGEST_POLL_SECONDS: Final = 2.0
EXPIRE_SECONDS: Final = 5.0
DATABASE_AWAY_SECONDS: Final = 1.0
# The delay before a result whose row is locked is recorded again.
LOCKED_SECONDS: Final = 2.0
THREADS_SECONDS: Final = 10.0  # to start all threads

# Locked until the end of the transaction, so that of several workers one finds that the clock was moved back.
_SEEN: Final = "SELECT seen_at FROM queue_clocks WHERE queue = %s FOR UPDATE"
_SEE: Final = """
    INSERT INTO queue_clocks (queue, seen_at) VALUES (%s, clock_timestamp())
    ON CONFLICT (queue) DO UPDATE SET seen_at = excluded.seen_at RETURNING seen_at
"""

Item = TypeVar("Item")
Result = TypeVar("Result")


class QueueWorker(ABC, Generic[Item, Result]):
    """Claims items, performs them in threads and records the results. `wake` may be called from any thread."""

    name: ClassVar[str]
    # How long a result may wait for others, so that one transaction records them together. Its thread has no item then.
    gather_seconds: ClassVar[float] = 0.0

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=self.name)
        # Results, and None for a wake-up.
        self._inbox: SimpleQueue[Result | None] = SimpleQueue()
        self._in_flight = 0
        self._unrecorded: list[Result] = []
        # Results whose rows are locked, and when to record them again.
        self._locked: list[Result] = []
        self._locked_until = 0.0
        self._expired_at = 0.0
        self._stopping = threading.Event()
        self._turned_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    @abstractmethod
    def claim(self, room: int) -> Sequence[Item]:
        """Lease up to `room` items. Raises django.db.Error."""

    @abstractmethod
    def perform(self, item: Item) -> Result:
        """Perform an item, in a thread of the pool, without the database. Must not raise."""

    @abstractmethod
    def record(self, results: Sequence[Result]) -> None:
        """Store results. After an exception it may be called again with any of them. Raises django.db.Error."""

    @abstractmethod
    def describe(self, result: Result) -> dict[str, str]:
        """Return fields for the log of a result that could not be recorded."""

    def expire(self) -> None:
        """Expire leases. Called every few seconds. Raises django.db.Error."""

    def move_times(self, by: timedelta) -> None:
        """The database's clock was moved back, by a negative time: move the times that are ahead of it, when items are
        due for example. Caller holds the transaction. Raises django.db.Error.
        """

    def start(self) -> None:
        self._start_threads()
        self._thread.start()

    def wake(self) -> None:
        """Make the worker claim: there may be new items."""
        self._inbox.put(None)

    def stop(self) -> None:
        """Stop claiming; items in progress are completed and recorded. `join` waits for that."""
        self._stopping.set()
        self.wake()

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    @property
    def silent_seconds(self) -> float:
        """How long ago its loop began its last turn; endless where its thread has ended."""
        return time.monotonic() - self._turned_at if self._thread.is_alive() else float("inf")

    def join(self, seconds: float) -> None:
        """Wait for the end. Items still in progress after that are found when their leases expire."""
        self._thread.join(seconds)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def drain(self) -> int:
        """Perform all items that can be claimed now and return how many. Raises django.db.Error."""
        self._start_threads()
        total = 0
        while True:
            total += (claimed := self._turn())
            if self._in_flight:
                self._collect(LONGEST_POLL_SECONDS)
            elif not claimed:
                if self._locked:
                    log.error("results_not_recorded", worker=self.name, results=len(self._locked))
                self._pool.shutdown()
                return total

    def _start_threads(self) -> None:
        """Start all threads now: a pool that fails to start a thread later has already accepted the item."""
        barrier = threading.Barrier(self._threads)
        list(self._pool.map(lambda _: barrier.wait(THREADS_SECONDS), range(self._threads)))

    def _run(self) -> None:
        pause = SHORTEST_POLL_SECONDS
        while not (self._stopping.is_set() and not self._in_flight and not self._unrecorded and not self._locked):
            busy = 0
            self._turned_at = time.monotonic()
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
            pause = SHORTEST_POLL_SECONDS if busy else pause
            pause = SHORTEST_POLL_SECONDS if self._collect(pause) else min(2 * pause, LONGEST_POLL_SECONDS)
        connection.close()

    def _turn(self) -> int:
        """Record results, claim as many items as there is room for, and submit them. Returns how many."""
        self._record()
        if time.monotonic() - self._expired_at > EXPIRE_SECONDS:
            self.expire()
            self._expired_at = time.monotonic()
        room = self._threads - self._in_flight
        if self._stopping.is_set() or room <= 0:
            return 0
        claimed = self.claim(room)
        for item in claimed:
            self._pool.submit(self.perform, item).add_done_callback(self._take)
            self._in_flight += 1
        return len(claimed)

    def follow_clock(self) -> None:
        """From `expire`. Raises django.db.Error."""
        follow_clock(self.name, self.move_times)

    def _take(self, future: "Future[Result]") -> None:
        self._inbox.put(future.result())

    def _collect(self, seconds: float) -> bool:
        """Wait for a result or a wake-up, and take all that have arrived. Returns whether anything came."""
        try:
            result = self._inbox.get(timeout=seconds)
        except Empty:
            return False
        gathered_at = time.monotonic() + self.gather_seconds
        while True:
            if result is not None:
                self._in_flight -= 1
                self._unrecorded.append(result)
            # Do not wait for more after a wake-up, or after the last result.
            waits = result is not None and self._in_flight > 0
            try:
                result = self._inbox.get(waits, max(0.0, gathered_at - time.monotonic()))
            except Empty:
                return True

    def _record(self) -> None:
        """Record results together; one by one where that fails, so that a locked row does not delay the others."""
        if self._locked and time.monotonic() > self._locked_until:
            self._unrecorded, self._locked = self._locked + self._unrecorded, []
        while self._unrecorded:
            try:
                self.record(self._unrecorded)
                self._unrecorded = []
            except Error:
                if not connection.is_usable():
                    raise
                self._record_first()

    def _record_first(self) -> None:
        """Record the first result alone; where that fails too, it is set aside."""
        first = self._unrecorded[0]
        try:
            self.record([first])
        except Error as error:
            if not connection.is_usable():
                raise
            failures.annotate(error, self.record, ([first],), {})
            failures.report(error, source=failures.Source.WORKER, operation=f"record result of {self.name}", attempt=1)
            log.error("result_not_recorded", worker=self.name, error=type(error).__name__, **self.describe(first))
            self._locked.append(first)
            self._locked_until = time.monotonic() + LOCKED_SECONDS
        del self._unrecorded[0]


def follow_clock(queue: str, move_times: Callable[[timedelta], None]) -> None:
    """Compare the database's clock with what the queue's workers have seen of it. Called regularly: without that, items
    that were due a moment before the clock was moved back by an hour would wait for an hour.

    `move_times`: moves the times of the queue that are ahead of the clock by a negative time, in this transaction: what
    the clock was moved, less the seconds since a worker last looked; a little too late, never too early. It skips rows
    that others have locked, and leases that are no further ahead than a lease can be: they may have begun after the
    clock was moved, and another worker would take the item, too.

    Opens the transaction. Raises django.db.Error.
    """
    with transaction.atomic():
        end_if_idle()
        seen = fetch_rows(_SEEN, [queue])
        ((now,),) = fetch_rows(_SEE, [queue])
        if seen and (moved := now - seen[0][0]) < -clock.TOLERATED:
            log.warning("database_clock_moved", worker=queue, seconds=round(moved.total_seconds()))
            move_times(moved)
