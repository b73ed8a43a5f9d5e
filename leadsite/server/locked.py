"""Requests that have met a lock, and wait for it without a thread: see leadsite/core/postgresql/giving_way.py.

For each locked row, one request of a process tries again, more and more seldom, and the others wait behind it: nine
clients of a customer whom somebody keeps locked take one thread for a quarter of a second at a time. All tries together
take at most half of the threads.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar

from leadsite.core.postgresql.giving_way import GiveWay
from leadsite.server.turns import TooBusy

# Before the first and between further tries; each is twice as long as the one before.
SHORTEST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 0.4
# The last try begins so long before the end. It does not give way: it is answered as every failure is, and a
# delivery's body is stored then.
LAST_SECONDS: Final = 0.5

T = TypeVar("T")
# Whether it may give way again.
Attempt = Callable[[bool], Awaitable[T]]
Waiter = asyncio.Future[float]


class Locked:
    """Runs requests again. Used by one event loop only. `threads`: how many may try at a time."""

    def __init__(self, threads: int) -> None:
        self._threads = asyncio.Semaphore(threads)
        self._queues: dict[str, deque[Waiter]] = {}

    async def again(self, attempt: Attempt[T], *, lock: str, until: float) -> T:
        """Call `attempt` until it does not give way, behind those who wait for the same lock. `until`: by the loop's
        clock. Raises TooBusy, and what `attempt` raises.

        Only the waits between the tries are broken off: a try that is under way may yet be committed.
        """
        queue = self._queues.setdefault(lock, deque())
        me: Waiter = asyncio.get_running_loop().create_future()
        queue.append(me)
        pause_of_next = SHORTEST_PAUSE
        try:
            pause = SHORTEST_PAUSE if queue[0] is me else await _until(me, until - LAST_SECONDS)
            while pause is not None and _now() + pause < until - LAST_SECONDS:
                await asyncio.sleep(pause)
                with suppress(GiveWay):
                    answer = await self._try(attempt, True, until)
                    pause_of_next = 0.0  # the lock is free
                    return answer
                pause = min(2 * pause or SHORTEST_PAUSE, LONGEST_PAUSE)
        finally:
            queue.remove(me)
            if not queue:
                del self._queues[lock]
            elif not queue[0].done():
                queue[0].set_result(pause_of_next)
        return await self._try(attempt, False, until)

    async def _try(self, attempt: Attempt[T], may_give_way: bool, until: float) -> T:
        try:
            async with asyncio.timeout_at(until):
                await self._threads.acquire()
        except TimeoutError as error:
            raise TooBusy from error
        try:
            return await attempt(may_give_way)
        finally:
            self._threads.release()


async def _until(waiter: Waiter, end: float) -> float | None:
    """Return the waiter's result; None where there is none in time."""
    try:
        async with asyncio.timeout_at(end):
            return await waiter
    except TimeoutError:
        return None


def _now() -> float:
    return asyncio.get_running_loop().time()
