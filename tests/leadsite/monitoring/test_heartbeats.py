"""The probe of a worker: exit code 1 where none runs on this machine, or one is stuck."""

import os
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.core.management import CommandError, call_command

from leadsite.monitoring import heartbeats


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.WORKERS_DIR = tmp_path
    yield tmp_path
    heartbeats.end()


def check() -> str:
    out = StringIO()
    call_command("worker", "--check", stdout=out)
    return out.getvalue()


def failed() -> str:
    with pytest.raises(CommandError) as refused:
        check()
    assert refused.value.returncode == 1
    return str(refused.value)


def test_a_worker_that_works_passes() -> None:
    heartbeats.beat()
    assert check() == "1 worker; last heartbeat 0 s ago.\n"


def test_without_a_worker_it_fails() -> None:
    assert "No worker runs" in failed()
    heartbeats.beat()
    heartbeats.end()
    assert "No worker runs" in failed()


def test_a_stuck_worker_fails(folder: Path) -> None:
    heartbeats.beat()
    (path,) = folder.glob("*.beat")
    path.write_text(str(time.monotonic() - 90))
    assert "is stuck: its last heartbeat was 90 s ago" in failed()


def test_a_killed_worker_is_forgotten(folder: Path) -> None:
    heartbeats.beat()
    (path,) = folder.glob("*.beat")
    free = next(pid for pid in range(30_000, 4_000_000) if not psutil.pid_exists(pid))
    path.rename(folder / path.name.replace(f"-{os.getpid()}.", f"-{free}."))
    assert "No worker runs" in failed()
    assert not list(folder.glob("*.beat"))


def test_a_process_that_got_the_id_of_a_killed_worker_is_none(folder: Path) -> None:
    heartbeats.beat()
    (path,) = folder.glob("*.beat")
    path.rename(folder / path.name.replace(f"-{os.getpid()}.", f"-{os.getppid()}."))
    assert "No worker runs" in failed()
    assert not list(folder.glob("*.beat"))
