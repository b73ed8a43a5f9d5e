"""A day of a thousand businesses, at a hundred times its speed, compared with the model of docs/capacity.md.

python -m bench.capacity.day: on an embedded PostgreSQL of its own, the web server with two processes. Requests are sent
when the day has them, whether the ones before are answered or not. The model is what one request of each kind uses,
measured right before on the same servers.
"""

import argparse
import asyncio
import bisect
import itertools
import json
import platform
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import uvloop

from bench.capacity.costs import FIRST, LEAD, NEXT, WARM_UP, Use, execute, measure, signed, use_of, write_tables
from bench.deliveries import delivery
from bench.harness import (
    CHANNEL,
    SITE_PORT,
    WORKERS,
    bench_database,
    create_business,
    manage_module,
    server,
    write,
)
from bench.load import new_lead, new_phone
from leadsite.demo.supervisor import HOST, server_command

DAY, HOUR = 86_400, 3600
# Of a business, in the mean; the largest of a thousand have more than a hundred times as many as the median one.
MESSAGES, LEADS = 20, 2
SKEW: Final = 1.2  # of Pareto's distribution
# Messages of each hour, relative to the others: a day of shops, with peaks before noon and in the evening.
HOURS: Final = (1, 1, 1, 1, 1, 2, 4, 8, 14, 20, 24, 22, 18, 18, 20, 20, 18, 18, 20, 22, 18, 10, 5, 2)
# Of ten messages one is from a customer who has never written.
NEW: Final = 0.1
# The site closes connections that say nothing for 10 s.
IDLE_SECONDS: Final = 5
BUSY: Final = 503
AGAIN_SECONDS: Final = 5  # as Retry-After says
_STORED: Final = """
    SELECT (SELECT count(*) FROM leads), (SELECT count(*) FROM messages),
           (SELECT count(*) FROM customers AS c WHERE NOT EXISTS (
               SELECT FROM conversations JOIN leads ON leads.conversation_id = conversations.id
               WHERE conversations.customer_id = c.id))
"""


@dataclass
class Shop:
    channel: str
    api_key: str
    customers: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Planned:
    """A request at a second of the day."""

    at: float
    kind: str
    content: bytes


@dataclass(frozen=True)
class Answered:
    """`seconds`: from when the day had the request until it was answered 2xx. `refused`: how often by 503 before."""

    at: float
    seconds: float
    refused: int


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.capacity.day", description=__doc__)
    parser.add_argument("--businesses", type=int, default=1000)
    parser.add_argument("--speed", type=float, default=100, help="times that of a day")
    parser.add_argument("--requests", type=int, default=2000, help="of each kind, to measure the model")
    options = parser.parse_args()
    with bench_database("") as environment:
        url, key = environment["DATABASE_URL"], create_business(environment, f"--phone-number-id={CHANNEL}")["api_key"]
        made = manage_module(environment | {"BENCH_BUSINESSES": str(options.businesses)}, "bench.capacity.businesses")
        shops = [Shop(**json.loads(line)) for line in made.splitlines()]
        planned = list(requests_of(shops))
        with server(server_command(SITE_PORT, workers=WORKERS), SITE_PORT, environment) as site:
            costs = measure(url, site, key, [new_phone() for _ in range(options.requests + WARM_UP)])
            before = stored(url)
            answers: list[Answered] = []
            used = use_of(url, site, lambda: answers.extend(uvloop.run(send_all(planned, options.speed))))
        counts = Counter(one.kind for one in planned)
        check_stored(counts, before, stored(url))
    text = "\n".join(document(costs, counts, used, answers, options))
    write_tables("bench.capacity.day", text)
    print(text)
    write("day", {"requests": counts, "used": vars(used)})


def requests_of(shops: Sequence[Shop]) -> Iterator[Planned]:
    """The requests of a day, in their order."""
    chance = random.Random(1)
    sizes = list(itertools.accumulate(chance.paretovariate(SKEW) for _ in shops))
    total = (MESSAGES + LEADS) * len(shops)
    times = [
        (hour + chance.random()) * DAY / len(HOURS)
        for hour in chance.choices(range(len(HOURS)), weights=HOURS, k=total)
    ]
    for number, at in enumerate(sorted(times)):
        shop = shops[bisect.bisect(sizes, chance.random() * sizes[-1])]
        if chance.random() < LEADS / (MESSAGES + LEADS):
            yield Planned(at, LEAD, new_lead(SITE_PORT, api_key=shop.api_key))
            continue
        is_new = not shop.customers or chance.random() < NEW
        if is_new:
            shop.customers.append(new_phone())
        phone = shop.customers[-1] if is_new else chance.choice(shop.customers)
        body = delivery([phone], channel=shop.channel, message=f"{number:X}")
        yield Planned(at, FIRST if is_new else NEXT, signed(body))


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


def stored(url: str) -> tuple[int, int, int]:
    """The leads, the messages, and the customers without a lead."""
    ((leads, messages, without),) = execute(url, _STORED)
    return leads, messages, without


def check_stored(counts: Counter[str], before: tuple[int, int, int], after: tuple[int, int, int]) -> None:
    """End with a message where something is missing, or is there twice."""
    expected = (counts[LEAD] + counts[FIRST], counts[FIRST] + counts[NEXT], 0)
    found = tuple(b - a for a, b in zip(before, after, strict=True))
    if found != expected:
        raise SystemExit(f"Leads, messages and customers without a lead: {found} instead of {expected}.")


def document(
    costs: dict[str, Use], counts: Counter[str], used: Use, answers: list[Answered], options: argparse.Namespace
) -> Iterator[str]:
    busiest, most = Counter(int(one.at // HOUR) for one in answers).most_common(1)[0]
    kinds = ", ".join(f"{counts[kind]:,} × {kind}" for kind in costs)
    yield (
        f"Measured on {time.strftime('%Y-%m-%d')}: {options.businesses:,} businesses, {len(answers):,} requests"
        f" ({kinds}) in {DAY / options.speed:,.0f} s, {WORKERS} web processes, Python {platform.python_version()},"
        f" client and database on the same machine. {sum(one.refused for one in answers):,} answers were 503, and their"
        " requests sent again. All were answered 2xx, and stored once.\n"
    )
    yield "| | by the model | in the day | ratio |"
    yield "|---|---|---|---|"
    model = sum_of(costs, counts)
    for name, by_model, in_day in compared(model, used):
        yield f"| {name} | {by_model:,.1f} | {in_day:,.1f} | {in_day / by_model:.2f} |"
    yield ""
    yield "| | requests a second | median, ms | p99, ms | longest, ms |"
    yield "|---|---|---|---|---|"
    in_peak = [one for one in answers if int(one.at // HOUR) == busiest]
    peak_rate = most / HOUR * options.speed
    yield times_of("day", len(answers) / DAY * options.speed, answers)
    yield times_of(f"busiest hour, from {busiest}:00", peak_rate, in_peak)


def sum_of(costs: dict[str, Use], counts: Counter[str]) -> Use:
    first, *others = [cost.times(counts[kind]) for kind, cost in costs.items()]
    for other in others:
        first = first.plus(other)
    return first


def compared(model: Use, used: Use) -> Iterator[tuple[str, float, float]]:
    yield "CPU of the site, s", model.site, used.site
    yield "CPU of PostgreSQL, s", model.database, used.database
    yield "write-ahead log, MB", model.log / 1e6, used.log / 1e6
    yield "disk, MB", model.bytes_of(bool) / 1e6, used.bytes_of(bool) / 1e6
    yield "rows of the audit, thousands", model.audit_rows / 1e3, used.audit_rows / 1e3


def times_of(name: str, rate: float, answers: Sequence[Answered]) -> str:
    seconds = [one.seconds for one in answers]
    p99 = statistics.quantiles(seconds, n=100)[98]
    return (
        f"| {name} | {rate:.1f} | {statistics.median(seconds) * 1e3:.0f} | {p99 * 1e3:.0f} | {max(seconds) * 1e3:.0f} |"
    )


if __name__ == "__main__":
    main()
