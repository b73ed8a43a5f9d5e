"""The loop of a worker whose queue is rows of a table; here a list replaces the table."""

import threading
import time
from collections.abc import Sequence
from datetime import timedelta

import pytest

from leadsite.core.queue_worker import QueueWorker
from tests.site import until


class NumberWorker(QueueWorker[int, int]):
    """Its items are numbers. `perform` waits for `gate`; `records` has the results of each call of `record`."""

    name = "numbers"

    def __init__(self, items: int, threads: int) -> None:
        super().__init__(threads)
        self.queued = list(range(items))
        self.claims: list[int] = []
        self.records: list[list[int]] = []
        self.gate = threading.Event()
        self.started: list[int] = []

    def claim(self, room: int) -> list[int]:
        claimed, self.queued = self.queued[:room], self.queued[room:]
        self.claims.append(len(claimed))
        return claimed

    def perform(self, item: int) -> int:
        self.started.append(item)
        self.gate.wait(30)
        return item

    def record(self, results: Sequence[int]) -> None:
        self.records.append(list(results))

    def describe(self, result: int) -> dict[str, str]:
        return {"item": str(result)}


class BatchingWorker(NumberWorker):
    gather_seconds = 0.3


def test_it_claims_one_item_for_each_thread():
    worker = NumberWorker(items=5, threads=2)
    worker.start()
    until(lambda: len(worker.started) == 2)
    worker.stop()
    worker.gate.set()
    worker.join(30)
    assert (worker.claims[0], len(worker.queued)) == (2, 3)
    assert sorted(result for record in worker.records for result in record) == [0, 1]


def test_results_that_arrive_shortly_after_each_other_are_recorded_together():
    worker = BatchingWorker(items=4, threads=4)
    worker.gate.set()
    began = time.monotonic()
    assert worker.drain() == 4
    # It does not wait for more after the last one.
    assert [sorted(record) for record in worker.records] == [[0, 1, 2, 3]]
    assert time.monotonic() - began < 0.3


class ClockWorker(NumberWorker):
    def move_times(self, by: timedelta) -> None:
        self.moved = by


@pytest.mark.parametrize(("seconds", "moves"), [(3600, True), (30, False), (-3600, False)])
def test_times_are_moved_when_the_databases_clock_was_moved_back(db: None, seconds: int, moves: bool):
    """By more than a minute. Where it was moved forward, items are due early, which needs nothing."""
    worker = ClockWorker(items=0, threads=1)
    worker.moved = timedelta()
    worker.follow_clock()
    assert worker._clock is not None
    uptime, time = worker._clock
    worker._clock = (uptime, time + timedelta(seconds=seconds))

    worker.follow_clock()

    assert abs(worker.moved + timedelta(seconds=seconds if moves else 0)) < timedelta(seconds=20)
