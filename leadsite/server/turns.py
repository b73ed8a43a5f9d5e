"""Turns of the threads in which Django runs, shared fairly among clients.

Each client has its own queue, and the queues take turns, as packets do in fair queueing (Nagle, RFC 970): first the
addresses, then the logins of an address. So who sends a thousand requests a second waits for himself, and everyone else
has one of the next turns. Logins that nobody has accepted yet count as one (clients.Logins): it does not help to invent
them.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

# How long a request waits for its turns before it is refused: a client learns within five seconds that it must wait.
WAIT_SECONDS: Final = 4.0
# The requests of a process that may wait, of all clients and of one address.
QUEUE: Final = 1000
QUEUE_OF_ADDRESS: Final = 500

Waiter = asyncio.Future[None]


class TooBusy(Exception):
    """No turn came in time, or too many requests wait."""


class Turns:
    """`count` turns at a time. Used by one event loop only."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._addresses: dict[str, dict[str, deque[Waiter]]] = {}
        self._waiting: dict[str, int] = {}

    @asynccontextmanager
    async def turn(self, *, address: str, login: str, until: float) -> AsyncIterator[None]:
        """Wait for a turn, `until` by the loop's clock, and hold it during the block. Raises TooBusy."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(address, login, until)
        try:
            yield
        finally:
            self._hand_on()

    async def _wait(self, address: str, login: str, until: float) -> None:
        mine_waiting = self._waiting.get(address, 0)
        if mine_waiting >= QUEUE_OF_ADDRESS or sum(self._waiting.values()) >= QUEUE:
            raise TooBusy
        self._waiting[address] = mine_waiting + 1
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._addresses.setdefault(address, {}).setdefault(login, deque()).append(waiter)
        try:
            async with asyncio.timeout_at(until):
                await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled():
                # The turn came at the same moment, and will not be used.
                self._hand_on()
            waiter.cancel()
            if isinstance(error, TimeoutError):
                raise TooBusy from error
            raise
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._waiting[address]

    def _hand_on(self) -> None:
        """Give the turn to the next waiter: of the address, and there of the login, whose last turn is longest ago."""
        while self._addresses:
            address, logins = next(iter(self._addresses.items()))
            login, waiters = next(iter(logins.items()))
            # Removed, and added again behind the others where there are more.
            del self._addresses[address], logins[login]
            waiter = waiters.popleft()
            if waiters:
                logins[login] = waiters
            if logins:
                self._addresses[address] = logins
            if not waiter.done():
                waiter.set_result(None)
                return
        self._free += 1
