"""The files of each process, and those that add up what the ended ones have left. metrics.py says why."""

import fcntl
import json
import os
import secrets
import socket
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Final

import structlog
from prometheus_client.mmap_dict import MmapedDict

from leadsite.core.metric_files.allocated import AllocatedDict

log = structlog.get_logger(__name__)

ENDED: Final = "ended"
_KINDS: Final = ("counter", "histogram")


class Process:
    """The files of this process. Called by prometheus_client before each change: after a fork there are new ones."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid = 0
        self._name = ""
        self._lock: IO[bytes] | None = None

    def __call__(self) -> str:
        if self._pid != os.getpid():
            self._name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}".replace("_", "-")
            self._pid = os.getpid()
            with folder_locked(self._folder):
                self._lock = (self._folder / f"{self._name}.lock").open("wb")
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                add_up_ended(self._folder)
        return self._name


@contextmanager
def folder_locked(folder: Path) -> Iterator[None]:
    with (folder / "folder").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def add_up_ended(folder: Path) -> None:
    """Add the files of processes that have ended to those of all ended ones. Caller holds the folder's lock."""
    for total in folder.glob(f"*_{ENDED}.db"):
        _values_in(total)  # not one that is damaged
    for path in folder.glob("*.lock"):
        with path.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # it lives
            try:
                for kind in _KINDS:
                    _add(folder / f"{kind}_{path.stem}.db", folder / f"{kind}_{ENDED}.db")
            except OSError as error:
                log.warning("metrics_not_added_up", error=str(error))
                return  # the page reads them one by one
            path.unlink()


def _add(ended: Path, to: Path) -> None:
    """Raises OSError where the disk is full; then nothing is lost."""
    if not ended.exists():
        return
    with closing(AllocatedDict(str(to))) as total:
        added = {key: total.read_value(key)[0] + value for key, value in _values_in(ended)}
        # Deleted before it is added: a kill between loses the last values of a process, and doubles none.
        ended.unlink(missing_ok=True)
        for key, value in added.items():
            total.write_value(key, value, 0.0)


def _values_in(path: Path) -> list[tuple[str, float]]:
    """Return the values of a file. One that is damaged, as after a power cut, is deleted: no server starts with it."""
    try:
        read = [(key, value) for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path))]
        # How much of it is used. prometheus_client takes a negative number for nothing, until it writes.
        if struct.unpack_from("ii", path.read_bytes())[0] < 0 or any(len(json.loads(key)) != 4 for key, _ in read):
            raise ValueError("size or key")
    except (struct.error, RuntimeError, ValueError, TypeError) as error:
        log.warning("metrics_file_damaged", file=path.name, error=type(error).__name__)
        path.unlink()
        return []
    return read
