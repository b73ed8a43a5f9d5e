"""Turns of the threads in which Django runs, shared fairly among owners: businesses, people, and unknown addresses.

Each has its own queue, and the queues take turns, as packets do in fair queueing (Nagle, RFC 970): first the owners,
then the logins of an owner. So a business that sends a thousand requests a second, by one key or many, from one address
or many, waits for itself, and everyone else has one of the next turns. Logins that nobody has accepted yet belong to
their address (clients.Logins): it does not help to invent them.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeVar

# How long a request waits for its turns before it is refused: a client learns within five seconds that it must wait.
WAIT_SECONDS: Final = 4.0
# The requests of a process that may wait, of all owners and of one.
QUEUE: Final = 1000
QUEUE_OF_OWNER: Final = 500
ACTIVE_SECONDS: Final = 1.0

Waiter = asyncio.Future[None]
Logins = dict[str, deque[Waiter]]
T = TypeVar("T")


class TooBusy(Exception):
    """No turn came in time, or too many requests wait."""


class Turns:
    """`count` turns at a time, `of_one` of them for one owner at most, and half of these while others come, too.
    `of_login`: how many a login of this name may have at most.

    Used by one event loop only.
    """

    def __init__(self, count: int, *, of_one: int | None = None, of_login: Mapping[str, int] | None = None) -> None:
        self._free = count
        self._of_one = count if of_one is None else of_one
        self._of_login = of_login or {}
        self._held = Counter[str]()
        self._held_by_login = Counter[tuple[str, str]]()
        self._queues: dict[str, Logins] = {}
        self._waiting = Counter[str]()
        # Owners that came within ACTIVE_SECONDS, and when, by the loop's clock.
        self._active: dict[str, float] = {}

    @asynccontextmanager
    async def turn(self, *, owner: str, login: str, until: float) -> AsyncIterator[None]:
        """Wait for a turn, `until` by the loop's clock, and hold it during the block. Raises TooBusy."""
        self._note(owner)
        if self._free and self._held[owner] < self._limit() and self._may_hold(owner, login):
            self._free -= 1
            self._hold(owner, login)
        else:
            await self._wait(owner, login, until)
        try:
            yield
        finally:
            self._hand_on(owner, login)

    async def _wait(self, owner: str, login: str, until: float) -> None:
        self._make_room(owner, login)
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._queues.setdefault(owner, {}).setdefault(login, deque()).append(waiter)
        self._waiting[owner] += 1
        try:
            async with asyncio.timeout_at(until):
                await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                # The turn came at the same moment, and will not be used.
                self._hand_on(owner, login)
            waiter.cancel()
            if isinstance(error, TimeoutError):
                raise TooBusy from error
            raise
        finally:
            _take_one(self._waiting, owner)
            self._forget(owner, login, waiter)

    def _forget(self, owner: str, login: str, waiter: Waiter) -> None:
        """Let a request that has gone away count for no place in the queue."""
        logins = self._queues.get(owner, {})
        with suppress(ValueError):  # it had its turn, or had to make room
            logins.get(login, deque[Waiter]()).remove(waiter)
        if not logins.get(login, True):
            del logins[login]
        if not self._queues.get(owner, True):
            del self._queues[owner]

    def _make_room(self, owner: str, login: str) -> None:
        """Where the queue is full, refuse the newest request of who has more of them waiting than the newcomer has.

        Raises TooBusy where that is the newcomer.
        """
        if self._waiting[owner] >= QUEUE_OF_OWNER:
            queues = self._queues.get(owner, {})
            most = max(queues, key=lambda name: len(queues[name]), default=login)
            if len(queues.get(most, ())) <= len(queues.get(login, ())) + 1:
                raise TooBusy
            _refuse_newest(queues[most])
        elif self._waiting.total() >= QUEUE:
            ((most, count),) = self._waiting.most_common(1)
            if count <= self._waiting[owner] + 1:
                raise TooBusy
            # All may have been given a turn: they count as waiting until they run.
            queues = self._queues.get(most, {})
            _refuse_newest(max(queues.values(), key=len, default=deque()))

    def _note(self, owner: str) -> None:
        now = asyncio.get_running_loop().time()
        self._active.pop(owner, None)
        self._active[owner] = now
        while (oldest := next(iter(self._active))) and self._active[oldest] < now - ACTIVE_SECONDS:
            del self._active[oldest]

    def _limit(self) -> int:
        """How many turns one owner may hold now. The threads share one interpreter: the more of them one owner has, the
        longer every request takes.
        """
        return self._of_one if len(self._active) == 1 else max(1, self._of_one // 2)

    def _may_hold(self, owner: str, login: str) -> bool:
        return self._held_by_login[owner, login] < self._of_login.get(login, self._of_one)

    def _hold(self, owner: str, login: str) -> None:
        self._held[owner] += 1
        self._held_by_login[owner, login] += 1

    def _hand_on(self, owner: str, login: str) -> None:
        """Give the owner's turn to the next waiter: of the owner and the login whose last turn is longest ago."""
        _take_one(self._held, owner)
        _take_one(self._held_by_login, (owner, login))
        for name in [*self._queues]:
            if self._held[name] < self._limit() and self._give_to(name):
                return
        self._free += 1

    def _give_to(self, owner: str) -> bool:
        """Give a turn to the next waiter of the owner's logins that may hold one more; False where there is none."""
        logins = self._queues[owner]
        next_one = self._take_waiter(owner, logins)
        if next_one is not None or not logins:
            del self._queues[owner]
        if next_one is None:
            return False
        if logins:
            self._queues[owner] = logins  # behind the others
        login, waiter = next_one
        self._hold(owner, login)
        waiter.set_result(None)
        return True

    def _take_waiter(self, owner: str, logins: Logins) -> tuple[str, Waiter] | None:
        for login, waiters in [*logins.items()]:
            while waiters and waiters[0].done():
                waiters.popleft()
            if waiters and not self._may_hold(owner, login):
                continue
            del logins[login]
            if waiters:
                waiter = waiters.popleft()
                if waiters:
                    logins[login] = waiters
                return login, waiter
        return None


def _refuse_newest(waiters: deque[Waiter]) -> None:
    # One that was cancelled a moment ago has not left the queue yet.
    while waiters:
        if not (waiter := waiters.pop()).done():
            waiter.set_exception(TooBusy())
            return


def _take_one(counter: Counter[T], name: T) -> None:
    counter[name] -= 1
    if not counter[name]:
        del counter[name]
