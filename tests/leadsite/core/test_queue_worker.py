"""The loop of a worker whose queue is rows of a table, with a list for the table."""

import threading
import time
from collections.abc import Sequence

from leadsite.core.queue_worker import QueueWorker
from tests.site import until


class Errands(QueueWorker[int, int]):
    """Performs numbers; `gate` holds all up, and `records` has what was recorded together."""

    name = "errands"

    def __init__(self, items: int, threads: int) -> None:
        super().__init__(threads)
        self.queued = list(range(items))
        self.claims: list[int] = []
        self.records: list[list[int]] = []
        self.gate = threading.Event()
        self.begun: list[int] = []

    def claim(self, room: int) -> list[int]:
        claimed, self.queued = self.queued[:room], self.queued[room:]
        self.claims.append(len(claimed))
        return claimed

    def perform(self, item: int) -> int:
        self.begun.append(item)
        self.gate.wait(30)
        return item

    def record(self, results: Sequence[int]) -> None:
        self.records.append(list(results))

    def describe(self, result: int) -> dict[str, str]:
        return {"item": str(result)}


class EagerErrands(Errands):
    ahead = 2
    gather_seconds = 0.3


def test_no_more_is_claimed_than_threads_can_begin():
    worker = Errands(items=5, threads=2)
    worker.start()
    until(lambda: len(worker.begun) == 2)
    worker.stop()
    worker.gate.set()
    worker.join(30)
    assert (worker.claims[0], len(worker.queued)) == (2, 3)
    assert sorted(result for record in worker.records for result in record) == [0, 1]


def test_a_thread_that_is_done_begins_what_was_claimed_ahead():
    worker = EagerErrands(items=9, threads=2)
    worker.start()
    until(lambda: len(worker.begun) == 2)
    assert worker.claims[0] == 4
    assert worker.begun == [0, 1]
    worker.gate.set()
    until(lambda: sum(map(len, worker.records)) == 9)
    worker.stop()
    worker.join(30)
    assert worker.begun == list(range(9))


def test_results_that_come_within_a_moment_are_recorded_together():
    worker = EagerErrands(items=4, threads=2)
    worker.gate.set()
    began = time.monotonic()
    assert worker.drain() == 4
    # The last one waits for no other: there is none.
    assert [sorted(record) for record in worker.records] == [[0, 1, 2, 3]]
    assert time.monotonic() - began < 0.3
