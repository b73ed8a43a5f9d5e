"""Counters of several processes: added up, whatever ended a process, and never counted twice."""

import errno
import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from prometheus_client import values

from leadsite.core import metrics
from tests.site import until

CONTEXT = multiprocessing.get_context("fork")


def count_and_wait(folder: Path, times: int, killed: bool) -> None:
    settings.METRICS_DIR, settings.TESTING = folder, False
    metrics._values.__init__()  # type: ignore[misc] # as in a process that has counted nothing
    for metric in (metrics.RETRIES, metrics.ROUND_TRIPS):
        metric.clear()
    for _ in range(times):
        metrics.transaction_retried("40P01")
        metrics.round_trips("api", 4)
    (folder / f"ready-{os.getpid()}").touch()
    if killed:
        signal.pause()


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """This process reads what others count in the folder."""
    monkeypatch.setattr(metrics._values, "folder", tmp_path)
    yield tmp_path
    assert values.ValueClass._multiprocess is False


def totals() -> dict[str, float]:
    return {
        sample.name: sample.value
        for metric in metrics.collect()
        for sample in metric.samples
        if sample.labels in ({"sqlstate": "40P01"}, {"source": "api"})
    }


def test_values_of_living_ended_and_killed_processes_are_added_up(shared: Path) -> None:
    running = CONTEXT.Process(daemon=True, target=count_and_wait, args=(shared, 5, True))
    ended = CONTEXT.Process(daemon=True, target=count_and_wait, args=(shared, 3, False))
    for process in (running, ended):
        process.start()
    ended.join()
    until(lambda: len(list(shared.glob("ready-*"))) == 2)
    expected = {
        "leadsite_transaction_retries_total": 8.0,
        "leadsite_creation_round_trips_sum": 32.0,
        "leadsite_creation_round_trips_count": 8.0,
    }
    assert totals() == expected
    os.kill(running.pid or 0, signal.SIGKILL)
    running.join()
    for _ in range(2):
        assert totals() == expected
    assert sorted(path.name for path in shared.glob("*.db")) == ["counter_ended.db", "histogram_ended.db"]
    assert not list(shared.glob("*.lock"))


def test_metrics_without_a_value_are_described(shared: Path) -> None:
    names = {metric.name for metric in metrics.collect()}
    assert {"leadsite_requests", "leadsite_requests_seconds", "leadsite_failed_transactions"} <= names


@pytest.mark.parametrize("content", [b"", b"\xff" * 4, b"\xff" * 100, b"\x40" + b"\x00" * 7 + b"\xff" * 56])
@pytest.mark.parametrize("name", ["counter_killed.db", "counter_ended.db"])
def test_a_damaged_file_stops_neither_a_start_nor_the_page(shared: Path, name: str, content: bytes) -> None:
    (shared / name).write_bytes(content)
    (shared / "killed.lock").touch()
    process = CONTEXT.Process(daemon=True, target=count_and_wait, args=(shared, 3, False))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert totals()["leadsite_transaction_retries_total"] == 3.0


def refuse(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_on_a_full_disk_a_process_works_and_does_not_count(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """tests/long has a disk that is full."""
    counted = CONTEXT.Process(daemon=True, target=count_and_wait, args=(shared, 5, False))
    counted.start()
    counted.join()
    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", refuse)
        process = CONTEXT.Process(daemon=True, target=count_and_wait, args=(shared, 3, False))
        process.start()
        process.join()
        assert process.exitcode == 0
        assert totals()["leadsite_transaction_retries_total"] == 5.0
    # What the ended process has counted was not lost for want of room.
    assert totals()["leadsite_transaction_retries_total"] == 5.0


def test_after_a_full_disk_it_counts_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def count(folder: Path) -> None:
        monkeypatch.setattr(metrics, "_FULL_SECONDS", 0)
        with monkeypatch.context() as patch:
            patch.setattr(os, "posix_fallocate", refuse)
            count_and_wait(folder, 3, False)
        metrics.transaction_retried("40P01")
        assert totals()["leadsite_transaction_retries_total"] == 1.0

    process = CONTEXT.Process(daemon=True, target=count, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == 0
