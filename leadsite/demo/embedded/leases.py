"""Leases on the server: the last process that uses it stops it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from leadsite.demo.embedded.locks import becomes_exclusive
from leadsite.demo.embedded.server import EmbeddedPostgres

RECORD_BYTES: Final = 64


@contextmanager
def lease(data_dir: Path, *, keep: bool = False, adopt: bool = False) -> Iterator[str]:
    """Keep the server running for as long as the block lasts; yields the database URL.

    The last lease to end stops the server if a lease started it, or if a lease with `adopt` took it over: the server
    that runs when its block begins, and the one that runs when it ends. A lease with `keep` neither stops the server
    nor marks it to be stopped. Raises EmbeddedPostgresError.
    """
    server = EmbeddedPostgres(data_dir)
    process = os.getpid()
    with server.lock("users.lock", fcntl.LOCK_SH) as users:
        if (server.start() or adopt) and not keep:
            _take_over(users, server)
        try:
            yield server.url
        finally:
            # The block may also end in a forked child, which must not stop the server.
            if os.getpid() == process and not keep:
                if adopt:
                    # Once more: the server may have been restarted since the block began.
                    _take_over(users, server)
                if becomes_exclusive(users) and _taken_over(users) == server.identity() != "":
                    server.stop()


def _take_over(users: int, server: EmbeddedPostgres) -> None:
    # Written to the lock file, because another process may hold the last lease.
    os.pwrite(users, server.identity().encode().ljust(RECORD_BYTES), 0)


def _taken_over(users: int) -> str:
    return os.pread(users, RECORD_BYTES, 0).decode().rstrip()
