"""What a lead and a delivery cost: bytes, CPU and write-ahead log, and what follows for a year: docs/capacity.md.

python -m bench.capacity: on an embedded PostgreSQL of its own, the web server with two processes. The numbers are
those of this machine and of short texts; the sentences around the tables are written by hand.
"""

import argparse
import math
import os
import platform
import time
from collections.abc import Callable, Iterator
from typing import Final

import psutil

from bench.capacity.costs import CLIENTS, FIRST, NEXT, Use, execute, measure, write_tables
from bench.harness import CHANNEL, SITE_PORT, WORKERS, bench_database, create_business, server, write
from leadsite.demo.supervisor import server_command

MACHINE: Final = {"cores": 8, "gb": 1000, "connections": 100}
RATES: Final = (10, 100, 1000)
# Of ten deliveries one is from a customer who has never written.
NEW: Final = 0.1
DAY, YEAR = 86_400, 365 * 86_400
DELIVERY_DAYS: Final = 30
BUSY: Final = 0.6  # of a web process
THREADS: Final = 5  # of a web process, each with a connection: WEB_THREADS, and one for others
# What is kept for a time only: DELIVERY_DAYS, AUDIT_DAYS (for ever by default), and as long as the worker takes.
BY_AGE: Final = "webhook_deliveries"
AUDIT: Final = "audit_entries"
QUEUE: Final = "procrastinate_"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.capacity", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000, help="of each kind")
    requests = parser.parse_args().requests
    with bench_database("") as environment:
        key = create_business(environment, f"--phone-number-id={CHANNEL}")["api_key"]
        command = server_command(SITE_PORT, workers=WORKERS)
        with server(command, SITE_PORT, environment) as site:
            costs = measure(environment["DATABASE_URL"], site, key, requests)
            server_version = execute(environment["DATABASE_URL"], "SHOW server_version")[0][0]
    text = "\n".join(document(costs, requests, server_version))
    write_tables("bench.capacity", text)
    print(text)
    write("capacity", {name: vars(cost) for name, cost in costs.items()})


def document(costs: dict[str, Use], requests: int, version: str) -> Iterator[str]:
    memory = psutil.virtual_memory().total / 2**30
    yield (
        f"Measured on {time.strftime('%Y-%m-%d')}: {requests:,} requests of each kind by {CLIENTS} connections,"
        f" {WORKERS} web processes, PostgreSQL {version} with the settings of the demo, Python"
        f" {platform.python_version()}, client and database on the same machine ({os.cpu_count()} cores,"
        f" {memory:.0f} GiB, beside other load)."
    )
    yield from cpu_table(costs)
    yield from size_table(costs)
    yield from year_table(costs[FIRST], costs[NEXT])


def cpu_table(costs: dict[str, Use]) -> Iterator[str]:
    yield "\n### One request\n"
    yield "| request | CPU of the site, µs | CPU of PostgreSQL, µs | write-ahead log, bytes | rows of the audit |"
    yield "|---|---|---|---|---|"
    for name, cost in costs.items():
        numbers = f"{cost.site * 1e6:,.0f} | {cost.database * 1e6:,.0f} | {cost.log:,.0f} | {cost.audit_rows:.1f}"
        yield f"| {name} | {numbers} |"


def size_table(costs: dict[str, Use]) -> Iterator[str]:
    yield "\n### Its bytes on disk: table + indexes\n"
    yield f"| table | {' | '.join(costs)} |"
    yield f"|---|{'---|' * len(costs)}"
    kinds = costs.values()
    for table in sorted({table for cost in kinds for table, sizes in cost.tables.items() if sum(sizes) >= 1}):
        yield f"| `{table}` | {' | '.join('{:,.0f} + {:,.0f}'.format(*cost.tables[table]) for cost in kinds)} |"
    yield f"| all | {' | '.join(f'{cost.bytes_of(bool):,.0f}' for cost in kinds)} |"


def year_table(first: Use, following: Use) -> Iterator[str]:
    """What deliveries need, NEW of which are from new customers."""

    def mixed(read: Callable[[Use], float]) -> float:
        return NEW * read(first) + (1 - NEW) * read(following)

    site, database = mixed(lambda cost: cost.site), mixed(lambda cost: cost.database)
    log = mixed(lambda cost: cost.log)
    bodies = mixed(lambda cost: cost.bytes_of(lambda table: table == BY_AGE))
    audit = mixed(lambda cost: cost.bytes_of(lambda table: table == AUDIT))
    kept = mixed(lambda cost: cost.bytes_of(lambda table: table != BY_AGE and not table.startswith(QUEUE)))
    yield f"\n### A year of deliveries, one in {1 / NEW:.0f} of a new customer\n"
    yield (
        f"A web process is busy for {BUSY:.0%} of its time here, and has {THREADS} connections. “First limit”: what is"
        f" exceeded within a year on one machine of {MACHINE['cores']} cores, {MACHINE['gb']:,} GB and"
        f" {MACHINE['connections']} connections.\n"
    )
    yield (
        "| deliveries a second | cores, site | cores, PostgreSQL | web processes | their connections | log, MB/s"
        f" | stored deliveries of {DELIVERY_DAYS} days, GB | all else of a year, GB | of which audit | first limit |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for rate in RATES:
        processes = max(WORKERS, math.ceil(rate * site / BUSY))
        stored, year = rate * bodies * DELIVERY_DAYS * DAY / 1e9, rate * kept * YEAR / 1e9
        days = (MACHINE["gb"] - stored) / (rate * kept * DAY / 1e9)
        limits = [
            f"cores: {rate * (site + database):.1f}" if rate * (site + database) > MACHINE["cores"] else "",
            f"connections: {processes * THREADS}" if processes * THREADS > MACHINE["connections"] else "",
            (f"disk, after {days:,.0f} days" if days > 0 else "disk, within a month") if days < YEAR / DAY else "",
        ]
        yield (
            f"| {rate:,} | {rate * site:.2f} | {rate * database:.2f} | {processes} | {processes * THREADS}"
            f" | {rate * log / 1e6:.2f} | {stored:,.0f} | {year:,.0f} | {rate * audit * YEAR / 1e9:,.0f}"
            f" | {'; '.join(filter(None, limits)) or 'none'} |"
        )


if __name__ == "__main__":
    main()
