"""Requests that have met a lock are run again, one at a time for each lock."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from leadsite.core.postgresql.giving_way import GiveWay
from leadsite.server.locked import LAST_SECONDS, Locked
from leadsite.server.turns import TooBusy

ROW = '(0,1) "customers"'


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 30))


def later(seconds: float = 30) -> float:
    return asyncio.get_running_loop().time() + seconds


class Row:
    """A row that is locked until `free` is set. `tries`: who tried to lock it, and whether it was the last try."""

    def __init__(self, *, free: bool = False) -> None:
        self.free = free
        self.tries: list[tuple[str, bool]] = []
        self.at_a_time = self.most = 0

    def request(self, name: str) -> Callable[[bool], Coroutine[Any, Any, str]]:
        async def attempt(may_give_way: bool) -> str:
            self.at_a_time += 1
            self.most = max(self.most, self.at_a_time)
            await asyncio.sleep(0.001)
            self.at_a_time -= 1
            self.tries.append((name, not may_give_way))
            if self.free:
                return f"201 {name}"
            if may_give_way:
                raise GiveWay(ROW)
            return f"503 {name}"

        return attempt


def test_a_request_is_run_again_when_the_lock_is_gone():
    async def test() -> None:
        row, locked = Row(), Locked(2)
        waits = asyncio.create_task(locked.again(row.request("a"), lock=ROW, until=later()))
        await asyncio.sleep(0.1)
        assert row.tries
        row.free = True
        assert await waits == "201 a"

    run(test)


def test_the_others_wait_behind_the_first_and_follow_at_once():
    async def test() -> None:
        row, locked = Row(), Locked(4)
        waits = [asyncio.create_task(locked.again(row.request(name), lock=ROW, until=later())) for name in "abc"]
        await asyncio.sleep(0.3)
        assert {name for name, _ in row.tries} == {"a"}
        row.free = True
        assert await asyncio.gather(*waits) == ["201 a", "201 b", "201 c"]
        assert row.most == 1

    run(test)


def test_other_locks_are_waited_for_separately():
    async def test() -> None:
        row, other, locked = Row(), Row(free=True), Locked(2)
        waits = asyncio.create_task(locked.again(row.request("a"), lock=ROW, until=later()))
        assert await locked.again(other.request("b"), lock="another", until=later()) == "201 b"
        row.free = True
        await waits

    run(test)


def test_the_last_try_does_not_give_way():
    async def test() -> None:
        row, locked = Row(), Locked(2)
        waits = [locked.again(row.request(name), lock=ROW, until=later(LAST_SECONDS + 0.1)) for name in "ab"]
        assert await asyncio.gather(*waits) == ["503 a", "503 b"]
        assert [name for name, is_last in row.tries if is_last] == ["a", "b"]

    run(test)


def test_who_has_no_thread_for_the_last_try_is_refused():
    async def test() -> None:
        locked, blocked = Locked(1), asyncio.Event()

        async def slow(may_give_way: bool) -> str:
            await blocked.wait()
            return "201"

        first = asyncio.create_task(locked.again(slow, lock="one", until=later()))
        await asyncio.sleep(0.1)
        with pytest.raises(TooBusy):
            await locked.again(slow, lock="two", until=later(0.1))
        blocked.set()
        assert await first == "201"

    run(test)


def test_a_failure_of_one_lets_the_next_try():
    async def test() -> None:
        locked, row = Locked(2), Row(free=True)

        async def broken(may_give_way: bool) -> str:
            raise ValueError("broken")

        first = asyncio.create_task(locked.again(broken, lock=ROW, until=later()))
        second = asyncio.create_task(locked.again(row.request("b"), lock=ROW, until=later()))
        with pytest.raises(ValueError, match="broken"):
            await first
        assert await second == "201 b"

    run(test)


def test_a_cancelled_request_lets_the_next_try():
    async def test() -> None:
        row, locked = Row(), Locked(2)
        first = asyncio.create_task(locked.again(row.request("a"), lock=ROW, until=later()))
        second = asyncio.create_task(locked.again(row.request("b"), lock=ROW, until=later()))
        await asyncio.sleep(0.02)
        first.cancel()
        row.free = True
        assert await second == "201 b"

    run(test)
