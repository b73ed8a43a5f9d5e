"""File locks (flock), which the kernel releases when their holder is killed."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# A forked child (a web worker) shares its parent's locks and would still hold them after the parent ended.
_fds: set[int] = set()


def _close_in_child() -> None:
    for fd in _fds:
        os.close(fd)
    _fds.clear()


os.register_at_fork(after_in_child=_close_in_child)


def open_lock(path: Path) -> int:
    """Open the lock file and return its descriptor, for `held`, which closes it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    _fds.add(fd)
    return fd


@contextmanager
def held(fd: int, mode: int) -> Iterator[None]:
    """Hold the lock file in flock `mode`. Raises BlockingIOError where `mode` has LOCK_NB and it is held already."""
    try:
        if os.fstat(fd).st_uid == os.geteuid():
            os.fchmod(fd, 0o600)  # whatever the umask is
        fcntl.flock(fd, mode)
        yield
    finally:
        if fd in _fds:  # otherwise this is a forked child, where it is closed already
            _fds.remove(fd)
            os.close(fd)


def becomes_exclusive(fd: int) -> bool:
    """Turn a shared lock into an exclusive one and return True; False where another process holds it too."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
