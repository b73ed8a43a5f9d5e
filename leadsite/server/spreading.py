"""Spreads the connections of clients over the web processes that listen on one port.

Each process has a listening socket of its own, and the kernel gives it new connections by a hash of their addresses
(SO_REUSEPORT, socket(7)): of eight connections seven may be at one process, where their requests wait for one another
while another CPU is idle. A process with more than its part ends the excess with its next answers, by
`Connection: close` (RFC 9112, section 9.6): these clients connect again, and the hash decides again. Linux only: other
systems have no such table.
"""

import asyncio
import re
import sys
from collections.abc import Iterable
from concurrent.futures import Executor
from math import ceil
from pathlib import Path
from typing import Final

from leadsite.server.connections import accepted

EVERY_SECONDS: Final = 0.5
# proc(5): addresses and ports in hexadecimal, then the state.
_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_ROW: Final = r"^ *\d+: [0-9A-F]+:{port:04X} [0-9A-F]+:[0-9A-F]{{4}} (01|0A) "
_LISTENING: Final = "0A"  # 01 is an established connection


class Spreading:
    """How many connections the next answers of this process end."""

    def __init__(self) -> None:
        self._excess = 0
        self._answered = asyncio.Event()

    async def watch(self, pool: Executor) -> None:
        """Count the connections after an answer, at most every EVERY_SECONDS, until the task is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._excess = await loop.run_in_executor(pool, lambda: excess(*accepted()))
            self._answered.clear()
            await self._answered.wait()
            await asyncio.sleep(EVERY_SECONDS)

    def end_one(self, http_version: str) -> bool:
        """Take note of an answer, and return whether it has to end its connection. Not by HTTP/2, which has one
        connection for all of a client's requests.
        """
        self._answered.set()
        if self._excess <= 0 or not http_version.startswith("1"):
            return False
        self._excess -= 1
        return True


def excess(own: int, ports: Iterable[int]) -> int:
    """Return how many connections this process has above its part of all those to these ports. `own`: how many it has.

    0 where nobody else listens there, or the table cannot be read.
    """
    if sys.platform != "linux":
        return 0
    try:
        tables = [table.read_text("ascii") for table in _TABLES if table.exists()]
    except OSError:
        return 0
    states = [
        state for port in ports for table in tables for state in re.findall(_ROW.format(port=port), table, re.MULTILINE)
    ]
    listeners = states.count(_LISTENING)
    return max(0, own - ceil((len(states) - listeners) / listeners)) if listeners > 1 else 0
