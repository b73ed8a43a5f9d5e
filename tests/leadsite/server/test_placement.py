"""The threads of a busy web process share a CPU, which no other web process has."""

import asyncio
import errno
import os
import sys
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Barrier

import pytest

from leadsite.server import placement
from leadsite.server.placement import allow, keep_together

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process choose its CPUs")
THREADS = 3


@pytest.fixture(autouse=True)
def anywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[int]]:
    """The CPUs of this process, which it has again after the test. Sites that run beside it take others."""
    monkeypatch.setattr(placement, "_NAME", f"\0leadsite-test-{os.getpid()}-cpu-{{}}")
    before = os.sched_getaffinity(0)
    yield before
    allow(before)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS) as pool:
        together = Barrier(THREADS)
        list(pool.map(lambda _: together.wait(), range(THREADS)))
        yield pool


def cpus() -> list[frozenset[int]]:
    """The CPUs of each thread of this process."""
    return [frozenset(os.sched_getaffinity(int(thread.name))) for thread in Path("/proc/self/task").iterdir()]


def watch(done: Callable[[set[int]], bool]) -> None:
    """Keep them together until `done`, which is given how many CPUs a thread has had at one time."""

    async def keep() -> None:
        task = asyncio.create_task(keep_together())
        seen: set[int] = set()
        async with asyncio.timeout(10):
            while not done(seen):
                seen |= {len(thread) for thread in cpus()}
                await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(keep())


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "_KEPT_SECONDS", 0.02)


@pytest.fixture
def busy(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placement, "_BUSY", 0)


def test_all_threads_are_kept_on_one_cpu(pool: ThreadPoolExecutor, busy: None) -> None:
    assert len(cpus()) > THREADS
    watch(lambda _: len(set(cpus())) == 1 and len(cpus()[0]) == 1)


def test_no_two_processes_have_the_same_cpu(pool: ThreadPoolExecutor, busy: None, anywhere: set[int]) -> None:
    others = [placement._take_one({cpu}) for cpu in sorted(anywhere)[1:]]
    assert None not in others
    allow(anywhere)
    watch(lambda _: set(cpus()) == {frozenset({min(anywhere)})})
    last = placement._take_one({min(anywhere)})
    assert last is not None, "it is given back"
    allow(anywhere)
    rounds = count()
    watch(lambda _: next(rounds) > 100)
    assert set(cpus()) == {frozenset(anywhere)}, "there is none left"
    for one in (*others, last):
        assert one is not None
        one.close()


@pytest.mark.skipif(os.cpu_count() == 1, reason="there is nothing to choose")
def test_what_somebody_else_chooses_for_the_running_process_counts(busy: None, anywhere: set[int]) -> None:
    chosen: list[int] = []
    since: list[frozenset[int]] = []

    def is_left_alone(_: set[int]) -> bool:
        if not chosen and len(cpus()[0]) == 1:
            chosen.append(min(anywhere - cpus()[0]))
            allow(chosen)
        if chosen:
            since.extend(cpus())
        return len(since) > 500

    watch(is_left_alone)
    assert set(since) == {frozenset(chosen)}


def test_a_cpu_that_was_taken_away_is_not_chosen(
    busy: None, anywhere: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux refuses it: AllowedCPUs= of the unit, for one, leaves the others."""
    left = min(anywhere)
    choose = os.sched_setaffinity

    def allow_left(thread: int, among: Collection[int]) -> None:
        if left not in among:
            raise OSError(errno.EINVAL, "Invalid argument")
        choose(thread, {left})

    monkeypatch.setattr(os, "sched_setaffinity", allow_left)
    for _ in range(20):
        taken = placement._take_one(anywhere)
        assert taken is not None
        taken.close()
    monkeypatch.undo()


def test_an_idle_process_is_free(pool: ThreadPoolExecutor, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cpus()
    monkeypatch.setattr(placement, "_BUSY", 1000)
    rounds = count()
    watch(lambda _: next(rounds) > 100)
    assert cpus() == before


def test_a_process_that_may_not_choose_serves_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    with monkeypatch.context() as sandbox:
        sandbox.setattr(os, "sched_setaffinity", refuse)
        asyncio.run(asyncio.wait_for(keep_together(), 10))
