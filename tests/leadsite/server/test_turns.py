"""Turns are fair among owners, and among the logins of an owner."""

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
    return turns.turn(owner=address, login="", until=later())


class Hall:
    """One turn at a time. Who has had one is written down."""

    def __init__(self) -> None:
        self.turns = Turns(1)
        self.served: list[str] = []
        self.opened = asyncio.Event()

    async def hold(self) -> None:
        async with self.turns.turn(owner="holder", login="", until=later()):
            await self.opened.wait()

    async def come(self, address: str, login: str = "", seconds: float = 30) -> None:
        async with self.turns.turn(owner=address, login=login, until=later(seconds)):
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
        async with hall.turns.turn(owner="holder", login="", until=later()):
            gone, waits = await hall.queue(("a", ""), ("b", ""))
        # The turn is given to "a", which has not run since.
        gone.cancel()
        await waits
        assert hall.served == ["b"]

    run(test)


async def refused(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        with pytest.raises(TooBusy):
            await task


def test_a_queue_has_an_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turns, "QUEUE_OF_OWNER", 2)
    monkeypatch.setattr(turns, "QUEUE", 3)

    async def test() -> None:
        hall = Hall()
        holder = asyncio.create_task(hall.hold())
        await asyncio.sleep(0)
        tasks = await hall.queue(("a", ""), ("a", ""))
        with pytest.raises(TooBusy):
            await hall.come("a")
        tasks += await hall.queue(("b", ""))
        hall.opened.set()
        await asyncio.gather(holder, *tasks)
        assert hall.served == ["a", "b", "a"]

    run(test)


def test_in_a_full_queue_the_newest_of_the_longest_makes_room(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turns, "QUEUE", 3)

    async def test() -> None:
        hall = Hall()
        holder = asyncio.create_task(hall.hold())
        await asyncio.sleep(0)
        first, second, third = await hall.queue(("a", "1"), ("a", "2"), ("a", "1"))
        modest = await hall.queue(("b", ""), ("c", ""))
        await refused(third)
        with pytest.raises(TooBusy):
            await hall.come("b")
        hall.opened.set()
        done = await asyncio.gather(holder, first, second, *modest, return_exceptions=True)
        assert [type(one) for one in done].count(TooBusy) == 1
        assert sorted(hall.served)[1:] == ["b", "c"]

    run(test)


def test_a_login_that_fills_the_queue_of_its_owner_makes_room_for_another(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turns, "QUEUE_OF_OWNER", 3)

    async def test() -> None:
        hall = Hall()
        holder = asyncio.create_task(hall.hold())
        await asyncio.sleep(0)
        *kept, newest = await hall.queue(*[("a", "greedy")] * 3)
        tasks = await hall.queue(("a", "modest"))
        await refused(newest)
        hall.opened.set()
        await asyncio.gather(holder, *kept, *tasks)
        assert hall.served == ["a greedy", "a modest", "a greedy"]

    run(test)


@pytest.mark.parametrize("limit", ["QUEUE", "QUEUE_OF_OWNER"])
def test_requests_that_went_away_have_no_place_in_a_full_queue(monkeypatch: pytest.MonkeyPatch, limit: str):
    monkeypatch.setattr(turns, limit, 3)

    async def test() -> None:
        hall = Hall()
        holder = asyncio.create_task(hall.hold())
        await asyncio.sleep(0)
        stays, *gone = await hall.queue(("shop", "first"), ("shop", "first"), ("shop", "first"))
        for task in gone:
            task.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        others = await hall.queue(("shop", "second"), ("shop", "third"))
        late = await hall.queue(("shop" if limit == "QUEUE_OF_OWNER" else "baker", "fourth"))
        hall.opened.set()
        ended = await asyncio.gather(holder, stays, *others, *late, return_exceptions=True)
        assert [type(one) for one in ended if one] == [TooBusy]
        assert len(hall.served) == 3

    run(test)


def test_requests_that_are_given_a_turn_need_not_make_room(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turns, "QUEUE", 2)

    async def test() -> None:
        hall = Hall()
        hall.turns = Turns(2, of_one=4)
        holders = [asyncio.create_task(hall.hold()) for _ in range(2)]
        await asyncio.sleep(0)
        served = await hall.queue(("shop", ""), ("shop", ""))
        hall.opened.set()
        # It comes in the moment between a turn that is given and the request that goes on with it.
        late = asyncio.create_task(hall.come("baker"))
        await asyncio.gather(*holders, *served, late)
        assert sorted(hall.served) == ["baker", "shop", "shop"]

    run(test)


def test_one_owner_leaves_a_turn_to_the_others():
    async def test() -> None:
        hall = Hall()
        hall.turns = Turns(3, of_one=2)
        slow = [asyncio.create_task(hall.hold()) for _ in range(4)]
        await asyncio.sleep(0)
        await hall.come("modest")
        assert hall.served == ["modest"]
        hall.opened.set()
        await asyncio.gather(*slow)
        for _ in range(3):
            await hall.come("holder")

    run(test)


@pytest.mark.parametrize(("seconds", "at_once"), [(30.0, 2), (0.0, 4)])
def test_an_owner_has_half_of_its_turns_while_others_come(
    monkeypatch: pytest.MonkeyPatch, seconds: float, at_once: int
):
    monkeypatch.setattr(turns, "ACTIVE_SECONDS", seconds)

    async def test() -> None:
        together, hall = Turns(5, of_one=4), Hall()
        hall.turns = together
        await hall.come("modest")
        await asyncio.sleep(0.001)
        slow = [asyncio.create_task(hall.hold()) for _ in range(8)]
        await asyncio.sleep(0)
        assert together._held["holder"] == at_once
        hall.opened.set()
        await asyncio.gather(*slow)

    run(test)


def test_deliveries_leave_turns_to_the_other_logins_of_their_owner():
    async def test() -> None:
        hall = Hall()
        hall.turns = Turns(3, of_login={"deliveries": 1})
        async with hall.turns.turn(owner="bakery", login="deliveries", until=later()):
            tasks = await hall.queue(("bakery", "deliveries"), ("bakery", "deliveries"), ("bakery", "staff"))
            await asyncio.wait([tasks[-1]])
            assert hall.served == ["bakery staff"]
        await asyncio.gather(*tasks)
        assert hall.served == ["bakery staff", "bakery deliveries", "bakery deliveries"]
        # All turns are free again.
        async with (
            turn_of(hall.turns, "florist"),
            turn_of(hall.turns, "butcher"),
            turn_of(hall.turns, "baker"),
        ):
            pass

    run(test)


def test_a_delivery_that_waits_for_a_turn_of_its_login_keeps_its_place():
    async def test() -> None:
        hall = Hall()
        hall.turns = Turns(2, of_login={"deliveries": 1})
        first = asyncio.create_task(hall.hold())
        await asyncio.sleep(0)
        async with hall.turns.turn(owner="bakery", login="deliveries", until=later()):
            tasks = await hall.queue(("bakery", "deliveries"), ("florist", ""))
        hall.opened.set()
        await asyncio.gather(first, *tasks)
        assert hall.served == ["bakery deliveries", "florist"]

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
