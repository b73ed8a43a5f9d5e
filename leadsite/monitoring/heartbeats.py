"""Heartbeats of the workers of this machine, as files, for `manage.py worker --check`.

Not as rows: while the database is away a worker waits, and nothing is wrong with it.
"""

import fcntl
import os
import socket
import time
from pathlib import Path
from typing import IO, Final

from django.conf import settings

BEAT_SECONDS: Final = 5.0
# A part of the worker that has been silent for longer is stuck: no statement and no request takes as long.
SILENT_SECONDS: Final = 60.0


class WorkerSilent(Exception):
    """No worker runs on this machine, or one does not work; the message says which."""


# Open as long as this process lives, and locked: a process id is soon given to another one.
_locks: dict[Path, IO[bytes]] = {}


def beat() -> None:
    """Store that the worker in this process works. Raises OSError."""
    path = _path(os.getpid())
    path.parent.mkdir(parents=True, exist_ok=True)
    if path not in _locks:
        _locks[path] = _lock_file(path).open("wb")
        fcntl.flock(_locks[path], fcntl.LOCK_EX | fcntl.LOCK_NB)
    # Seconds since the machine was started: its clock may be set meanwhile. Renamed, so that no reader sees half of it.
    new = path.with_suffix(".new")
    new.write_text(str(time.monotonic()))
    new.replace(path)


def end() -> None:
    """Store that this process works no more. Raises OSError."""
    path = _path(os.getpid())
    _delete(path)
    if path in _locks:
        _locks.pop(path).close()


def check_workers() -> tuple[int, float]:
    """Return how many workers run on this machine, and the age of the oldest of their heartbeats in seconds.

    Raises WorkerSilent.
    """
    ages = {}
    for path in _path(0).parent.glob(f"{_host()}-*.beat"):
        pid = int(path.stem.rpartition("-")[2])
        if _runs(path):
            ages[pid] = time.monotonic() - float(path.read_text())
        else:
            _delete(path)  # killed
    if not ages:
        raise WorkerSilent("No worker runs on this machine, or it has not started yet.")
    pid, oldest = max(ages.items(), key=lambda one: one[1])
    if oldest > SILENT_SECONDS or oldest < 0:
        raise WorkerSilent(
            f"The worker with process id {pid} is stuck: its last heartbeat was {oldest:.0f} s ago. Restart it; what it"
            " was doing is found by the next one."
        )
    return len(ages), oldest


def _runs(path: Path) -> bool:
    """Whether the worker of this heartbeat lives: it holds its lock."""
    try:
        with _lock_file(path).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _delete(path: Path) -> None:
    path.unlink(missing_ok=True)
    _lock_file(path).unlink(missing_ok=True)


def _lock_file(path: Path) -> Path:
    return path.with_suffix(".lock")


def _path(pid: int) -> Path:
    return settings.WORKERS_DIR / f"{_host()}-{pid}.beat"


def _host() -> str:
    return socket.gethostname()
