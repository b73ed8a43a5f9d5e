"""Values that are read again only when they have become old."""

from itertools import count

import pytest

from leadsite.accounts.snapshots import Recent, Snapshot


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


def test_a_recent_value_is_returned_until_its_time_is_over() -> None:
    recent = Recent[str](seconds=lambda: 60)
    recent.add("a", "kept", until=recent.until())
    recent.add("b", "too old", until=recent.until() - 60)
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == ("kept", None, None)


def test_the_values_that_were_added_first_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Recent, "MAX_VALUES", 2)
    recent = Recent[str](seconds=lambda: 60)
    for name in ("a", "b", "a", "c"):
        recent.add(name, name, until=recent.until())
    assert [recent.get(name) for name in ("a", "b", "c")] == ["a", None, "c"]
