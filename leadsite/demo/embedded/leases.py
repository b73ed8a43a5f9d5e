"""Who uses the server, and so when it may stop."""

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
    """Use the server for as long as the block lasts; gives the database's address.

    The server stops with the last lease if a lease started it, or if one with `adopt` took over the responsibility
    for it; that one answers for the server that runs when its block begins, and for the one that runs when it ends.
    A lease with `keep` never stops it nor makes others stop it. Raises EmbeddedPostgresError.
    """
    server = EmbeddedPostgres(data_dir)
    process = os.getpid()
    with server.lock("users.lock", fcntl.LOCK_SH) as users:
        if (server.start() or adopt) and not keep:
            _take_over(users, server)
        try:
            yield server.url
        finally:
            # In a forked child the block may end too, but there it is not ours to end.
            if os.getpid() == process and not keep:
                if adopt:
                    # Once more: the first may have been killed, and another started in its place.
                    _take_over(users, server)
                if becomes_exclusive(users) and _taken_over(users) == server.identity() != "":
                    server.stop()


def _take_over(users: int, server: EmbeddedPostgres) -> None:
    # Whoever leaves last may not be the one who is responsible: leave word for them.
    os.pwrite(users, server.identity().encode().ljust(RECORD_BYTES), 0)


def _taken_over(users: int) -> str:
    return os.pread(users, RECORD_BYTES, 0).decode().rstrip()
