"""Values that are read again only when they have become old."""

from itertools import count

from leadsite.accounts.snapshots import Snapshot


def test_it_reads_once_in_its_time() -> None:
    numbers = count(1)
    snapshot = Snapshot(lambda: next(numbers), seconds=lambda: 60)
    assert [snapshot.get() for _ in range(3)] == [1, 1, 1]


def test_it_reads_again_after_it() -> None:
    numbers = count(1)
    snapshot = Snapshot(lambda: next(numbers), seconds=lambda: 0)
    assert [snapshot.get() for _ in range(3)] == [1, 2, 3]


def test_it_reads_nothing_before_it_is_asked() -> None:
    numbers = count(1)
    Snapshot(lambda: next(numbers), seconds=lambda: 60)
    assert next(numbers) == 1
