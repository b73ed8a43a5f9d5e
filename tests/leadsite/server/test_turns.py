"""Turns are fair among addresses, and among the logins of an address."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from leadsite.server import turns
from leadsite.server.turns import TooBusy, Turns


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await test()

    asyncio.run(bounded())


def later(seconds: float = 30) -> float:
    return asyncio.get_running_loop().time() + seconds


def turn_of(turns: Turns, address: str) -> AbstractAsyncContextManager[None]:
    return turns.turn(address=address, login="", until=later())


class Hall:
    """One turn at a time. Who has had one is written down."""

    def __init__(self) -> None:
        self.turns = Turns(1)
        self.served: list[str] = []
        self.opened = asyncio.Event()

    async def hold(self) -> None:
        async with self.turns.turn(address="holder", login="", until=later()):
            await self.opened.wait()

    async def come(self, address: str, login: str = "", seconds: float = 30) -> None:
        async with self.turns.turn(address=address, login=login, until=later(seconds)):
            self.served.append(f"{address} {login}".strip())

    async def queue(self, *clients: tuple[str, str]) -> list[asyncio.Task[None]]:
        tasks = [asyncio.create_task(self.come(*client)) for client in clients]
        await asyncio.sleep(0)
        return tasks


def test_a_thousand_requests_of_one_address_do_not_delay_the_next_one():
    async def test() -> None:
        hall = Hall()
        holder = asyncio.create_task(hall.hold())
        await asyncio.sleep(0)
        tasks = await hall.queue(*[("greedy", "")] * 400, ("modest", ""))
        hall.opened.set()
        await asyncio.gather(holder, *tasks)
        assert hall.served.index("modest") == 1

    run(test)


def test_invented_logins_of_one_address_do_not_either():
    async def test() -> None:
        hall = Hall()
        holder = asyncio.create_task(hall.hold())
        await asyncio.sleep(0)
        tasks = await hall.queue(*[("greedy", f"key {number}") for number in range(400)], ("modest", ""))
        hall.opened.set()
        await asyncio.gather(holder, *tasks)
        assert hall.served.index("modest") == 1

    run(test)


def test_two_logins_of_one_address_take_turns():
    async def test() -> None:
        hall = Hall()
        holder = asyncio.create_task(hall.hold())
        await asyncio.sleep(0)
        tasks = await hall.queue(*[("proxy", "a")] * 3, *[("proxy", "b")] * 2)
        hall.opened.set()
        await asyncio.gather(holder, *tasks)
        assert hall.served == ["proxy a", "proxy b", "proxy a", "proxy b", "proxy a"]

    run(test)


def test_who_waits_too_long_is_refused_and_the_turn_is_not_lost():
    async def test() -> None:
        hall = Hall()
        holder = asyncio.create_task(hall.hold())
        await asyncio.sleep(0)
        with pytest.raises(TooBusy):
            await hall.come("late", seconds=0.05)
        hall.opened.set()
        await holder
        await hall.come("next")
        assert hall.served == ["next"]

    run(test)


def test_a_cancelled_request_leaves_the_queue():
    async def test() -> None:
        hall = Hall()
        holder = asyncio.create_task(hall.hold())
        await asyncio.sleep(0)
        gone, waits = await hall.queue(("a", ""), ("b", ""))
        gone.cancel()
        hall.opened.set()
        await asyncio.gather(holder, waits)
        assert hall.served == ["b"]

    run(test)


def test_a_request_that_is_cancelled_as_its_turn_comes_hands_it_on():
    async def test() -> None:
        hall = Hall()
        async with hall.turns.turn(address="holder", login="", until=later()):
            gone, waits = await hall.queue(("a", ""), ("b", ""))
        # The turn is given to "a", which has not run since.
        gone.cancel()
        await waits
        assert hall.served == ["b"]

    run(test)


def test_a_queue_has_an_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turns, "QUEUE_OF_ADDRESS", 2)
    monkeypatch.setattr(turns, "QUEUE", 3)

    async def test() -> None:
        hall = Hall()
        holder = asyncio.create_task(hall.hold())
        await asyncio.sleep(0)
        tasks = await hall.queue(("a", ""), ("a", ""))
        with pytest.raises(TooBusy):
            await hall.come("a")
        tasks += await hall.queue(("b", ""))
        with pytest.raises(TooBusy):
            await hall.come("c")
        hall.opened.set()
        await asyncio.gather(holder, *tasks)
        assert hall.served == ["a", "b", "a"]

    run(test)


def test_as_many_turns_at_a_time_as_there_are_threads():
    async def test() -> None:
        together = Turns(2)
        async with turn_of(together, "a"), turn_of(together, "b"):
            third = asyncio.create_task(Hall.come(hall := Hall(), "c"))
            await third
            hall.turns = together
            fourth = asyncio.create_task(hall.come("d"))
            await asyncio.sleep(0)
            assert not fourth.done()
        await fourth

    run(test)
