"""A request that meets a lock gives its thread back instead of waiting in it, and is run again from its start.

Connections of the web server wait a quarter of a second for a lock. Then, as long as nothing of the request has been
committed, GiveWay ends it: everything is rolled back, and leadsite/server/locked.py runs it again a moment later. So
requests that need a row which somebody keeps locked keep no threads and no connections from the others.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

# PostgreSQL says by its place which row the other transaction has: 'while locking tuple (0,1) in relation "customers"'.
_ROW: Final = re.compile(r'(?:locking|updating|deleting) tuple (\(\d+,\d+\)) in relation ("[^"]+")')


class GiveWay(BaseException):
    """Another transaction has locked what this request needs. `lock` names the row, or is empty where it is none: a
    table, an advisory lock, a unique value that is being inserted.

    Not an Exception, as KeyboardInterrupt is none: no service may take it for a failure, and store or log one.
    """

    def __init__(self, lock: str) -> None:
        super().__init__(lock)
        self.lock = lock


class _Request(threading.local):
    may_give_way = False
    is_last_try = False


_request = _Request()


@contextmanager
def giving_way(*, allowed: bool) -> Iterator[None]:
    """Let lock time-outs of the block raise GiveWay until its first COMMIT. Not allowed: it has given way before, and
    this is its last try.
    """
    _request.may_give_way, _request.is_last_try = allowed, not allowed
    try:
        yield
    finally:
        _request.may_give_way = _request.is_last_try = False


def keep_on() -> None:
    """Something was committed: what is left to do must not be begun from the start."""
    _request.may_give_way = False


def is_last_try() -> bool:
    """Whether the request has waited for a lock long enough, so that no transaction of it waits for one again."""
    return _request.is_last_try


def give_way(error: BaseException | None) -> None:
    """Raise GiveWay if the error is a lock time-out, and giving way is allowed."""
    if _request.may_give_way and isinstance(error, psycopg.errors.LockNotAvailable):
        raise GiveWay(_lock_of(error)) from error


def _lock_of(error: psycopg.Error) -> str:
    found = _ROW.search(error.diag.context or "")
    return " ".join(found.groups()) if found else ""
