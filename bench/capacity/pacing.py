"""Sends requests when they are due, whether the ones before are answered or not, and again after a 503."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.capacity.plan import Planned
from bench.harness import SITE_PORT
from leadsite.demo.supervisor import HOST

# The site closes connections that say nothing for 10 s.
IDLE_SECONDS: Final = 5
BUSY: Final = 503
AGAIN_SECONDS: Final = 5  # as Retry-After says


@dataclass(frozen=True)
class Answered:
    """`seconds`: from when the day had the request until it was answered 2xx. `refused`: how often by 503 before."""

    at: float
    seconds: float
    refused: int


async def send_all(planned: Sequence[Planned], speed: float) -> list[Answered]:
    """Send each at its time, and again after a 503. Raises an ExceptionGroup of RuntimeError for any other answer that
    is not 2xx.
    """
    connections, answers, began = Connections(), list[Answered](), time.perf_counter()

    async def send(one: Planned, due: float) -> None:
        refused = 0
        while await connections.exchange(one.content) == BUSY:
            refused += 1
            await asyncio.sleep(AGAIN_SECONDS)
        answers.append(Answered(one.at, time.perf_counter() - due, refused))

    async with asyncio.TaskGroup() as requests:
        for one in planned:
            due = began + one.at / speed
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            requests.create_task(send(one, due))
    return answers


class Connections:
    """As many keep-alive connections to the site as are in use at once."""

    def __init__(self) -> None:
        self._free: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def exchange(self, content: bytes) -> int:
        """Send a request and return the status of its answer."""
        reader, writer = await self._take()
        writer.write(content)
        status = await read_answer(reader)
        self._free.append((time.perf_counter(), reader, writer))
        return status

    async def _take(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._free:
            since, reader, writer = self._free.pop()
            if time.perf_counter() - since < IDLE_SECONDS:
                return reader, writer
            writer.close()
        return await asyncio.open_connection(HOST, SITE_PORT)


async def read_answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(maxsplit=2)[1])
    if status not in (200, 201, BUSY):
        raise RuntimeError(f"The site answered {head[:500]!r}")
    await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
    return status
