"""What a lead and a delivery cost: bytes, CPU and write-ahead log, and what follows for a year: docs/capacity.md.

python -m bench.capacity: on an embedded PostgreSQL of its own, the web server with two processes. The numbers are
those of this machine and of short texts; the sentences around the tables are written by hand.
"""

import argparse
import json
import math
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import psutil
import psycopg

from bench.deliveries import PATH, delivery, signature
from bench.harness import (
    CHANNEL,
    ROOT,
    SITE_PORT,
    WORKERS,
    bench_database,
    cpu_seconds,
    create_business,
    server,
    write,
)
from bench.load import new_leads, new_phone, post, request
from leadsite.demo.supervisor import server_command

DOCUMENT: Final = ROOT / "docs" / "capacity.md"
BEGIN, END = "<!-- made by python -m bench.capacity -->\n", "<!-- end -->\n"
CLIENTS: Final = 16
WARM_UP: Final = 500
MACHINE: Final = {"cores": 8, "gb": 1000, "connections": 100}
RATES: Final = (10, 100, 1000)
# Of ten deliveries one is from a customer who has never written.
NEW: Final = 0.1
DAY, YEAR = 86_400, 365 * 86_400
DELIVERY_DAYS: Final = 30
BUSY: Final = 0.6  # of a web process
THREADS: Final = 5  # of a web process, each with a connection: WEB_THREADS and one
# What is kept for a time only: DELIVERY_DAYS, AUDIT_DAYS (for ever by default), and as long as the worker takes.
BY_AGE: Final = "webhook_deliveries"
AUDIT: Final = "audit_entries"
QUEUE: Final = "procrastinate_"
_SIZES: Final = """
    SELECT coalesce(i.inhparent, c.oid)::regclass::text, sum(pg_table_size(c.oid)), sum(pg_indexes_size(c.oid))
    FROM pg_class AS c LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' GROUP BY 1
"""
_LOG: Final = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
_ROWS: Final = "SELECT count(*) FROM audit_entries"


@dataclass(frozen=True)
class Cost:
    """Of one request: microseconds of CPU, bytes of log, of each table without and with its indexes, rows of audit."""

    name: str
    site_us: float
    database_us: float
    log: float
    tables: dict[str, tuple[float, float]]
    audit_rows: float

    def bytes_of(self, chosen: Callable[[str], bool]) -> float:
        return sum(sum(sizes) for table, sizes in self.tables.items() if chosen(table))


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
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    print(text)
    write("capacity", {cost.name: vars(cost) for cost in costs})


def measure(url: str, site: list[psutil.Process], key: str, requests: int) -> list[Cost]:
    postmaster = psutil.Process(int((ROOT / "var/bench/postgres/postmaster.pid").read_text().split("\n")[0]))

    def cost(name: str, made: Iterator[bytes]) -> Cost:
        post(SITE_PORT, islice(made, WARM_UP), clients=CLIENTS, seconds=600)
        before, cpu, own = state(url), server_seconds(postmaster), cpu_seconds(site)
        done = post(SITE_PORT, islice(made, requests), clients=CLIENTS, seconds=600).done
        site_us, database_us = (cpu_seconds(site) - own) / done * 1e6, (server_seconds(postmaster) - cpu) / done * 1e6
        after = state(url)
        return Cost(
            name,
            site_us=site_us,
            database_us=database_us,
            log=(after.log - before.log) / done,
            audit_rows=(after.audit_rows - before.audit_rows) / done,
            tables={
                table: ((size - before.sizes[table][0]) / done, (indexes - before.sizes[table][1]) / done)
                for table, (size, indexes) in after.sizes.items()
            },
        )

    phones = [new_phone() for _ in range(requests + WARM_UP)]
    return [
        cost("lead by POST /api/leads, new customer", new_leads(SITE_PORT, api_key=key)),
        cost("delivery, first message of a new customer", messages(phones, "0")),
        cost("delivery, next message of a known customer", messages(phones, "1")),
    ]


def messages(phones: list[str], number: str) -> Iterator[bytes]:
    """Signed deliveries of one message of each; `number`: of the message, for its id."""
    for phone in phones:
        body = json.dumps(delivery([phone])).replace("FQIAEhgUM0E", f"FQIAEhgUM0{number}").encode()
        yield request(SITE_PORT, PATH, body, X_Hub_Signature_256=signature(body))


@dataclass(frozen=True)
class State:
    log: int
    audit_rows: int
    sizes: dict[str, tuple[int, int]]


def state(url: str) -> State:
    """After a VACUUM, as autovacuum does: what can be used again does not count as growth."""
    ((log,),) = execute(url, _LOG)
    execute(url, "VACUUM")
    ((audit_rows,),) = execute(url, _ROWS)
    return State(log, audit_rows, {table: (int(size), int(of)) for table, size, of in execute(url, _SIZES)})


def execute(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as session:
        cursor = session.execute(statement)
        return cursor.fetchall() if cursor.description is not None else []


def server_seconds(postmaster: psutil.Process) -> float:
    """CPU time of PostgreSQL's processes, also of those that have ended."""
    times = postmaster.cpu_times()
    ended = times.children_user + times.children_system
    return ended + cpu_seconds([postmaster, *postmaster.children()])


def document(costs: list[Cost], requests: int, version: str) -> Iterator[str]:
    memory = psutil.virtual_memory().total / 2**30
    yield (
        f"Measured on {time.strftime('%Y-%m-%d')}: {requests:,} requests of each kind by {CLIENTS} connections,"
        f" {WORKERS} web processes, PostgreSQL {version} with the settings of the demo, Python"
        f" {platform.python_version()}, client and database on the same machine ({os.cpu_count()} cores,"
        f" {memory:.0f} GiB, beside other load)."
    )
    yield from cpu_table(costs)
    yield from size_table(costs)
    yield from year_table(costs[1], costs[2])


def cpu_table(costs: list[Cost]) -> Iterator[str]:
    yield "\n### One request\n"
    yield "| request | CPU of the site, µs | CPU of PostgreSQL, µs | write-ahead log, bytes | rows of the audit |"
    yield "|---|---|---|---|---|"
    for cost in costs:
        numbers = f"{cost.site_us:,.0f} | {cost.database_us:,.0f} | {cost.log:,.0f} | {cost.audit_rows:.1f}"
        yield f"| {cost.name} | {numbers} |"


def size_table(costs: list[Cost]) -> Iterator[str]:
    yield "\n### Its bytes on disk: table + indexes\n"
    yield f"| table | {' | '.join(cost.name for cost in costs)} |"
    yield f"|---|{'---|' * len(costs)}"
    for table in sorted({table for cost in costs for table, sizes in cost.tables.items() if sum(sizes) >= 1}):
        yield f"| `{table}` | {' | '.join('{:,.0f} + {:,.0f}'.format(*cost.tables[table]) for cost in costs)} |"
    yield f"| all | {' | '.join(f'{cost.bytes_of(bool):,.0f}' for cost in costs)} |"


def year_table(first: Cost, following: Cost) -> Iterator[str]:
    """What deliveries need, NEW of which are from new customers."""

    def mixed(read: Callable[[Cost], float]) -> float:
        return NEW * read(first) + (1 - NEW) * read(following)

    site, database = mixed(lambda cost: cost.site_us) / 1e6, mixed(lambda cost: cost.database_us) / 1e6
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
