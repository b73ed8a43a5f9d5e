"""The loop of a worker whose queue is rows of a table; here a list replaces the table."""

import threading
import time
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.models import F

from leadsite.core.queue_worker import QueueWorker
from leadsite.monitoring.models import QueueClock
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


def clock_worker() -> ClockWorker:
    """A worker that has seen the database's clock."""
    worker = ClockWorker(items=0, threads=1)
    worker.moved = timedelta()
    worker.follow_clock()
    return worker


def move_clock_back(seconds: int) -> None:
    QueueClock.objects.update(seen_at=F("seen_at") + timedelta(seconds=seconds))


@pytest.mark.parametrize(("seconds", "moves"), [(3600, True), (30, False), (-3600, False)])
def test_times_are_moved_when_the_databases_clock_was_moved_back(db: None, seconds: int, moves: bool):
    """By more than a minute. Where it was moved forward, items are due early, which needs nothing."""
    worker = clock_worker()
    move_clock_back(seconds)

    worker.follow_clock()

    assert abs(worker.moved + timedelta(seconds=seconds if moves else 0)) < timedelta(seconds=20)


def test_one_worker_moves_the_times_and_the_others_find_it_done(db: None):
    """Moved twice, a lease would end while its file is being uploaded: the message would seem not to be sent."""
    workers = [clock_worker(), clock_worker()]
    move_clock_back(3600)

    for worker in workers:
        worker.follow_clock()

    assert [worker.moved < timedelta() for worker in workers] == [True, False]


def test_times_that_could_not_be_moved_are_moved_by_the_next_worker(db: None):
    class Broken(ClockWorker):
        def move_times(self, by: timedelta) -> None:
            raise OperationalError

    worker = clock_worker()
    move_clock_back(3600)
    with pytest.raises(OperationalError):
        Broken(items=0, threads=1).follow_clock()

    worker.follow_clock()

    assert worker.moved < timedelta()
