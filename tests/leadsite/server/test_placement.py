"""The threads of a web process share a CPU, which changes; what it starts does not."""

import asyncio
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from leadsite.server import placement
from leadsite.server.placement import allow, keep_together

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
THREADS = 3


@pytest.fixture(autouse=True)
def anywhere() -> Iterator[set[int]]:
    """The CPUs of this process, which it has again after the test."""
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


async def until_together() -> frozenset[int]:
    """Keep them together until they are; return the CPU."""
    task = asyncio.create_task(keep_together())
    async with asyncio.timeout(10):
        while len(set(cpus())) > 1 or len(cpus()[0]) > 1:
            await asyncio.sleep(0.005)
    task.cancel()
    return cpus()[0]


def test_all_threads_are_kept_on_one_cpu(pool: ThreadPoolExecutor, anywhere: set[int]) -> None:
    assert len(cpus()) > THREADS
    (cpu,) = asyncio.run(until_together())
    assert cpu in anywhere


def test_the_kernel_may_choose_again(
    pool: ThreadPoolExecutor, anywhere: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placement, "_KEPT_SECONDS", 0.01)
    seen: set[int] = set()

    async def watch() -> None:
        task = asyncio.create_task(keep_together())
        async with asyncio.timeout(10):
            while not {1, len(anywhere)} <= seen:
                seen.add(len(cpus()[0]))
                await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(watch())


def test_a_process_that_may_not_choose_serves_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    with monkeypatch.context() as sandbox:
        sandbox.setattr(os, "sched_setaffinity", refuse)
        asyncio.run(asyncio.wait_for(keep_together(), 10))
