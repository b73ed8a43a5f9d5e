"""The threads in which Django runs: who has one, for how long a request may wait, and what comes when it gives way.

An owner that is alone may take all threads but one, and half of them while others come: a request beside one that
keeps its threads busy, however slow its requests are, finds a free one. Deliveries of a business never have more than
half: with more of them at a time each takes longer (python -m bench.stale_statistics).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

from django.conf import settings

from leadsite.core.postgresql.giving_way import GiveWay, giving_way
from leadsite.core.postgresql.patience import limit_waiting
from leadsite.server.clients import DELIVERIES, Client
from leadsite.server.locked import Locked
from leadsite.server.turns import WAIT_SECONDS, Turns

# After a long wait for its turn a request has this much for the database, so that it is answered within five seconds.
LEAST_DATABASE_SECONDS: Final = 1.0
# Threads that the busiest owner leaves to the others.
SPARE: Final = 1

T = TypeVar("T")


class Threads:
    """`count` threads, and one that the busiest owner leaves to the others. Used by one event loop only."""

    def __init__(self, count: int) -> None:
        self._turns = Turns(count + SPARE, of_one=count, of_login={DELIVERIES: max(1, count // 2)})
        self._locked = Locked(max(1, count // 2))
        self._pool = ThreadPoolExecutor(count + SPARE, thread_name_prefix="request")

    async def run(self, client: Client, function: Callable[..., T], *arguments: Any) -> T:
        """Call the function in a thread, and again from its start where it has met a lock. Raises TooBusy, and what the
        function raises.
        """
        until = asyncio.get_running_loop().time() + WAIT_SECONDS
        attempt = partial(self._attempt, client, until, partial(function, *arguments))
        try:
            return await attempt(True)
        except GiveWay as met:
            # What is no row (a table, a lock of the business's deliveries) is another lock for each client.
            lock = met.lock or f"of {client.owner}"
        return await self._locked.again(attempt, lock=lock, until=until)

    async def _attempt(self, client: Client, until: float, call: Callable[[], T], may_give_way: bool) -> T:
        loop = asyncio.get_running_loop()
        async with self._turns.turn(owner=client.owner, login=client.login, until=until):
            left = max(until - loop.time(), 0.0) + LEAST_DATABASE_SECONDS
            return await loop.run_in_executor(self._pool, _call, call, may_give_way, left)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _call(call: Callable[[], T], may_give_way: bool, left: float) -> T:
    limit = settings.DATABASE_WAIT_SECONDS
    with limit_waiting(min(limit, left) if limit else 0), giving_way(allowed=may_give_way):
        return call()
