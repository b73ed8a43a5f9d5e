"""What a lead, a delivery and a sent message cost: bytes, CPU and write-ahead log, and what follows for a year.

python -m bench.capacity writes docs/capacity.md: on an embedded PostgreSQL of its own, the web server with two
processes. The numbers are those of this machine and of short texts; the sentences around the tables are written by
hand.
"""

import argparse
import math
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import psutil

from bench.capacity.costs import CLIENTS, FIRST, NEXT, WARM_UP, Use, execute, measure, write_tables
from bench.capacity.sends import REPORT, REPORTS, SEND, TO_STUB, connections, measure_sending
from bench.harness import CHANNEL, SITE_PORT, WORKERS, bench_database, create_business, server, write
from bench.load import new_phone
from bench.sending import stub
from leadsite.demo.supervisor import server_command

MACHINE: Final = {"cores": 8, "gb": 1000, "connections": 100}
RATES: Final = (10, 100, 1000)
# Of ten deliveries one is from a customer who has never written.
NEW: Final = 0.1
DAY, YEAR = 86_400, 365 * 86_400
DELIVERY_DAYS: Final = 30
BUSY: Final = 0.6  # of a web process
# What is kept for a time only: DELIVERY_DAYS, AUDIT_DAYS (for ever by default), and as long as the worker takes.
BY_AGE: Final = "webhook_deliveries"
AUDIT: Final = "audit_entries"
QUEUE: Final = "procrastinate_"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.capacity", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000, help="of each kind")
    requests = parser.parse_args().requests
    with bench_database("") as bench, stub():
        environment = bench | TO_STUB
        url, phones = environment["DATABASE_URL"], [new_phone() for _ in range(requests + WARM_UP)]
        key = create_business(environment, f"--phone-number-id={CHANNEL}", "--access-token=token")["api_key"]
        with server(server_command(SITE_PORT, workers=WORKERS), SITE_PORT, environment) as site:
            costs = measure(url, site, key, phones)
            of_web = connections(url) / len(site)
            sending, of_worker = measure_sending(environment, site, key, phones)
            costs |= sending
            server_version = execute(url, "SHOW server_version")[0][0]
    text = "\n".join(document(costs, Connections(math.ceil(of_web), of_worker), requests, server_version))
    write_tables("bench.capacity", text)
    print(text)
    write("capacity", {name: vars(cost) for name, cost in costs.items()})


@dataclass(frozen=True)
class Connections:
    """To PostgreSQL, of a process, counted under load."""

    web: int
    worker: int


def document(costs: dict[str, Use], connected: Connections, requests: int, version: str) -> Iterator[str]:
    memory = psutil.virtual_memory().total / 2**30
    yield (
        f"Measured on {time.strftime('%Y-%m-%d')}: {requests:,} requests of each kind by {CLIENTS} connections,"
        f" {WORKERS} web processes, PostgreSQL {version} with the settings of the demo, Python"
        f" {platform.python_version()}, client and database on the same machine ({os.cpu_count()} cores,"
        f" {memory:.0f} GiB, beside other load)."
    )
    yield from cpu_table(costs)
    yield from size_table(costs)
    received = costs[FIRST].times(NEW).plus(costs[NEXT].times(1 - NEW))
    answered = received.plus(costs[SEND]).plus(costs[REPORT].times(len(REPORTS)))
    yield f"\n### A year of messages received, one in {1 / NEW:.0f} from a new customer\n"
    yield (
        f"A web process and a worker are busy for {BUSY:.0%} of their time here, and have {connected.web} and"
        f" {connected.worker} connections, as counted under load. “First limit”: what is exceeded within a year on one"
        f" machine of {MACHINE['cores']} cores, {MACHINE['gb']:,} GB and {MACHINE['connections']} connections.\n"
    )
    yield from year_table(received, connected)
    yield f"\n### The same, where each is answered by a message, about which Meta reports {len(REPORTS)} times\n"
    yield from year_table(answered, connected)


def cpu_table(costs: dict[str, Use]) -> Iterator[str]:
    yield "\n### One request\n"
    yield (
        "| request | CPU of the web server, µs | of the worker, µs | of PostgreSQL, µs | write-ahead log, bytes"
        " | rows of the audit |"
    )
    yield "|---|---|---|---|---|---|"
    for name, cost in costs.items():
        cpu = " | ".join(f"{seconds * 1e6:,.0f}" for seconds in (cost.site, cost.worker, cost.database))
        yield f"| {name} | {cpu} | {cost.log:,.0f} | {cost.audit_rows:.1f} |"


def size_table(costs: dict[str, Use]) -> Iterator[str]:
    yield "\n### Its bytes on disk: table + indexes\n"
    yield f"| table | {' | '.join(costs)} |"
    yield f"|---|{'---|' * len(costs)}"
    kinds = costs.values()
    for table in sorted({table for cost in kinds for table, sizes in cost.tables.items() if sum(sizes) >= 1}):
        yield f"| `{table}` | {' | '.join('{:,.0f} + {:,.0f}'.format(*cost.tables[table]) for cost in kinds)} |"
    yield f"| all | {' | '.join(f'{cost.bytes_of(bool):,.0f}' for cost in kinds)} |"


def year_table(use: Use, connected: Connections) -> Iterator[str]:
    """What so many messages a second need, each of which uses so much."""
    bodies = use.bytes_of(lambda table: table == BY_AGE)
    audit = use.bytes_of(lambda table: table == AUDIT)
    kept = use.bytes_of(lambda table: table != BY_AGE and not table.startswith(QUEUE))
    yield (
        "| messages a second | cores, web | cores, worker | cores, PostgreSQL | web processes | workers | connections"
        f" | log, MB/s | stored deliveries of {DELIVERY_DAYS} days, GB | all else of a year, GB | of which audit"
        " | first limit |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|---|"
    for rate in RATES:
        web = max(WORKERS, math.ceil(rate * use.site / BUSY))
        workers = max(1, math.ceil(rate * use.worker / BUSY))
        total = web * connected.web + workers * connected.worker
        stored, year = rate * bodies * DELIVERY_DAYS * DAY / 1e9, rate * kept * YEAR / 1e9
        numbers = f"{rate * use.site:.2f} | {rate * use.worker:.2f} | {rate * use.database:.2f} | {web} | {workers}"
        yield (
            f"| {rate:,} | {numbers} | {total} | {rate * use.log / 1e6:.2f} | {stored:,.0f} | {year:,.0f}"
            f" | {rate * audit * YEAR / 1e9:,.0f} | {first_limit(rate * cores_of(use), total, stored, year)} |"
        )


def cores_of(use: Use) -> float:
    return use.site + use.worker + use.database


def first_limit(cores: float, connections: int, stored: float, year: float) -> str:
    """Of MACHINE. `stored` and `year`: GB of what is kept for a time, and of a year of what is kept for ever."""
    days = (MACHINE["gb"] - stored) / (year / YEAR * DAY)
    limits = [
        f"cores: {cores:.1f}" if cores > MACHINE["cores"] else "",
        f"connections: {connections}" if connections > MACHINE["connections"] else "",
        (f"disk, after {days:,.0f} days" if days > 0 else "disk, within a month") if days < YEAR / DAY else "",
    ]
    return "; ".join(filter(None, limits)) or "none"


if __name__ == "__main__":
    main()
