"""Spreads the connections of clients over the web processes that listen on one port.

Each process has a listening socket of its own, and the kernel gives it new connections by a hash of their addresses
(SO_REUSEPORT, socket(7)): of eight connections seven may be at one process, where their requests wait for one another
while another CPU is idle. A process with more than its part ends the excess with its next answers, by
`Connection: close` (RFC 9112, section 9.6): these clients connect again, and the hash decides again. Only those count
that are in use: an answer can end no other, and a process with many idle ones would send away all that are busy. Linux
only: other systems do not tell.
"""

import asyncio
from collections.abc import Container, Iterable
from concurrent.futures import Executor
from math import ceil
from typing import Final

from leadsite.server.connections import listening_ports, open_sockets
from leadsite.server.socket_table import sockets_at

EVERY_SECONDS: Final = 0.5
# A connection is in use until neither side has sent anything for so long.
IN_USE_MILLISECONDS: Final = 2000
_PAUSE_PER_COUNT: Final = 20


class Spreading:
    """How many connections the next answers of this process end."""

    def __init__(self) -> None:
        self._excess = 0
        self._answered = asyncio.Event()
        self._ports: set[int] = set()

    async def watch(self, pool: Executor) -> None:
        """Count the connections after an answer, at most every EVERY_SECONDS, until the task is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            self._excess = await loop.run_in_executor(pool, self._count)
            # Where thousands of connections take long to count.
            pause = (loop.time() - began) * _PAUSE_PER_COUNT
            self._answered.clear()
            await self._answered.wait()
            await asyncio.sleep(max(EVERY_SECONDS, pause))

    def _count(self) -> int:
        # They stay the same, and are slow to find among thousands of connections.
        self._ports = self._ports or listening_ports()
        return excess(open_sockets(), self._ports) if self._ports else 0

    def end_one(self, http_version: str) -> bool:
        """Take note of an answer, and return whether it has to end its connection. Not by HTTP/2, which has one
        connection for all of a client's requests.
        """
        self._answered.set()
        if self._excess <= 0 or not http_version.startswith("1"):
            return False
        self._excess -= 1
        return True


def excess(own: Container[int], ports: Iterable[int]) -> int:
    """Return how many connections this process has above its part of all those to these ports. `own`: the inodes of
    its sockets.

    0 where nobody else listens there, or the system does not tell.
    """
    try:
        rows = [row for port in ports for row in sockets_at(port)]
    except OSError:
        return 0
    listeners = sum(row.listens for row in rows)
    if listeners < 2:
        return 0
    used = [row for row in rows if not row.listens and row.idle < IN_USE_MILLISECONDS]
    return max(0, sum(row.inode in own for row in used) - ceil(len(used) / listeners))
