"""Counters on a disk that is full."""

import os
from pathlib import Path

import pytest

from leadsite.core import metrics
from tests.leadsite.core.test_metrics import CONTEXT, count_and_wait
from tests.long.faults.stage import fill, volume


def count_one_more(folder: Path) -> None:
    """Values of the first page have room; those after them need more of the file."""
    count_and_wait(folder, 1, killed=False)
    fill(folder)
    for number in range(2000):
        metrics.transaction_retried(f"{number:05}")


@pytest.mark.skipif(os.geteuid() != 0, reason="Mounting a file system needs root.")
def test_a_process_that_starts_or_runs_there_is_not_killed(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    with volume(folder, "1m") as mounted:
        assert mounted
        for _ in range(2):  # the second one finds no room at all
            process = CONTEXT.Process(daemon=True, target=count_one_more, args=(folder,))
            process.start()
            process.join()
            assert process.exitcode == 0
