"""Whether the site keeps its speed with ten times the rows: docs/capacity.md.

python -m bench.capacity.growth: a business with 1,000,000 leads and 5,000,000 messages, and one with ten times as many,
each on an embedded PostgreSQL of its own below var/, whose rows are made once (an hour, 45 GB) and kept. After
the pages and the writes it changes as many rows as a month of work, measures what that leaves for VACUUM, and then what
migrations would cost.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final

import psutil
import psycopg

from bench.capacity.costs import execute, signed, sizes_of, write_tables
from bench.capacity.migrations import Cost, migration_table, migrations_of
from bench.deliveries import delivery
from bench.harness import ROOT, SITE_PORT, WORKERS, write
from bench.imports import rows
from bench.load import new_leads, new_phone, post
from bench.pages import measure_all
from bench.workplace import Workplace, workplace

FACTOR: Final = 10
CLIENTS, SECONDS = 16, 15.0
# Of those of bench.pages.
_PAGES: Final = (
    "^(overview/|inbox: (tab|live$|search)|inbox/<uuid:conversation_id>/$|inbox/board/$|exports/$|leads/importrun$"
    "|(leads/(lead|deletedlead)|conversations/(customer|conversation|message))(: search|: status.*|/…/change/|$)"
    "|conversations/customer/duplicates/)"
)
IMPORTED: Final = 100_000
# Of the leads, in a month: each changes its status, and its conversation is written to.
CHANGED: Final = 0.03
BATCH: Final = 1000
TABLES: Final = ("customers", "conversations", "leads", "messages", "audit_entries")
_MAY_GROW: Final = 1.5
_CHANGE: Final = """
    WITH lead AS (
        UPDATE leads SET status = CASE status WHEN 'new' THEN 'contacted' ELSE 'new' END
        WHERE user_id = %(user_id)s AND id = ANY (%(ids)s) RETURNING conversation_id
    )
    UPDATE conversations AS c SET last_message_at = now(), waiting_since = now()
    FROM lead WHERE c.id = lead.conversation_id
"""
_CHOSEN: Final = "SELECT id FROM leads TABLESAMPLE BERNOULLI (%s) WHERE user_id = %s"


@dataclass(frozen=True)
class Month:
    """What a month of changes leaves: bytes of tables and indexes before and after, and the seconds of a VACUUM."""

    changed: int
    before: Mapping[str, tuple[int, int]]
    after: Mapping[str, tuple[int, int]]
    vacuum: Mapping[str, float]


@dataclass(frozen=True)
class Grown:
    """The figures of one size: milliseconds of pages, writes a second, a month, and migrations."""

    pages: Mapping[str, tuple[float, float]]
    rates: Mapping[str, float]
    month: Month
    migrations: Mapping[str, Cost]
    # shared_buffers, as PostgreSQL says it.
    buffers: str


def main() -> None:
    """Exit code 1 where something takes more than one and a half times as long."""
    parser = argparse.ArgumentParser(prog="python -m bench.capacity.growth", description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000, help="of the smaller business; the other has ten times")
    smaller = parser.parse_args().leads
    small, large = (measured(leads) for leads in (smaller, smaller * FACTOR))
    text = "\n".join(document(small, large, smaller))
    write_tables("bench.capacity.growth", text)
    print(text)
    write("growth", {"pages": large.pages, "rates": large.rates, "leads": smaller * FACTOR})
    sys.exit(any(growth > _MAY_GROW for _, growth in growths(small, large)))


def measured(leads: int) -> Grown:
    options = argparse.Namespace(leads=leads, conversations=leads // 5, messages=25, database_url="")
    with workplace(options, ROOT / "var" / f"bench-{leads}") as place:
        figures = measure_all(place, _PAGES)
        pages = {one["page"]: (one["median_ms"], one["slowest_ms"]) for one in figures}
        rates = {name: rate() for name, rate in writes_of(place).items()}
        for name, rate in rates.items():
            print(f"{name:36} {rate:>8,.0f}/s", flush=True)
        with psycopg.connect(place.url) as connection:
            ((buffers,),) = connection.execute("SHOW shared_buffers").fetchall()
        return Grown(pages, rates, a_month(place, leads), migrations_of(place.url), buffers)


def writes_of(place: Workplace) -> dict[str, Callable[[], float]]:
    """Ways to write, each of which returns how many a second it has written."""
    numbers = count()

    def deliveries() -> Iterator[bytes]:
        while True:
            yield signed(delivery([new_phone()], channel=place.channel, message=f"{next(numbers):X}"))

    def sent(requests: Iterator[bytes]) -> float:
        return post(SITE_PORT, requests, clients=CLIENTS, seconds=SECONDS).rate

    return {
        "leads by POST /api/leads": lambda: sent(new_leads(SITE_PORT, api_key=place.api_key)),
        "deliveries of new customers": lambda: sent(deliveries()),
        "rows of an import": lambda: imported(place),
    }


def imported(place: Workplace) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("phone,name,type,details\n")
        # Numbers of their own in each run, because a customer who is there already costs less.
        prefix = f"+39{time.time_ns() // 10**9 % 10**6:06}"
        file.writelines(f"{prefix}{n:06},{','.join(row[1:])}\n" for n, row in enumerate(rows(IMPORTED)))
        file.flush()
        command = [sys.executable, str(ROOT / "manage.py"), "import_leads", file.name, "--user", place.email, "--json"]
        started = time.perf_counter()
        subprocess.run(command, env=place.environment, check=True, stdout=subprocess.DEVNULL)
        return IMPORTED / (time.perf_counter() - started)


def a_month(place: Workplace, leads: int) -> Month:
    """Change leads and conversations in batches, with the audit, and VACUUM after it as autovacuum does."""
    before = sizes_of(place.url)
    with psycopg.connect(place.url, autocommit=True) as connection:
        ids = [row[0] for row in connection.execute(_CHOSEN, [CHANGED * 100, place.user_id]).fetchall()]
        for start in range(0, len(ids), BATCH):
            connection.execute(_CHANGE, {"user_id": place.user_id, "ids": ids[start : start + BATCH]})
    return Month(len(ids), before, sizes_of(place.url), {table: vacuumed(place.url, table) for table in TABLES})


def vacuumed(url: str, table: str) -> float:
    started = time.perf_counter()
    execute(url, f"VACUUM ANALYZE {table}")
    return time.perf_counter() - started


def growths(small: Grown, large: Grown) -> Iterator[tuple[str, float]]:
    """How many times as long each takes with ten times the rows."""
    for name, (median, _) in small.pages.items():
        yield name, large.pages[name][0] / median
    for name, rate in small.rates.items():
        yield name, rate / large.rates[name]


def document(small: Grown, large: Grown, leads: int) -> Iterator[str]:
    memory = psutil.virtual_memory().total / 2**30
    few, many = f"{leads:,} leads", f"{leads * FACTOR:,} leads"
    longer = dict(growths(small, large))
    yield (
        f"Measured on {time.strftime('%Y-%m-%d')}: one business with {few} and {leads * 5:,} messages, and one with"
        f" {many} and {leads * 5 * FACTOR:,}, {WORKERS} web processes, PostgreSQL with the settings of the demo"
        f" ({large.buffers} of shared buffers), Python {platform.python_version()}, all on one machine"
        f" ({os.cpu_count()} cores, {memory:.0f} GiB).\n"
    )
    yield f"| page, ms: median (slowest) | {few} | {many} | times |"
    yield "|---|---|---|---|"
    for name, times in small.pages.items():
        more = large.pages[name]
        yield f"| {name} | {times[0]:.0f} ({times[1]:.0f}) | {more[0]:.0f} ({more[1]:.0f}) | {longer[name]:.2f} |"
    yield f"\n| writes a second | {few} | {many} | times as long |"
    yield "|---|---|---|---|"
    for name, rate in small.rates.items():
        yield f"| {name} | {rate:,.0f} | {large.rates[name]:,.0f} | {longer[name]:.2f} |"
    yield from month_table(large.month, many)
    yield from migration_table(large.migrations, leads * 5 * FACTOR)


def month_table(month: Month, many: str) -> Iterator[str]:
    yield (
        f"\nA month of work in {many}: {month.changed:,} leads and their conversations changed, with the audit. Sizes"
        " are GB: table + indexes.\n"
    )
    yield "| table | before | after the month | growth | VACUUM, s |"
    yield "|---|---|---|---|---|"
    for table in TABLES:
        before, after = month.before[table], month.after[table]
        yield (
            f"| `{table}` | {in_gb(before)} | {in_gb(after)} | {sum(after) / max(1, sum(before)) - 1:.1%}"
            f" | {month.vacuum[table]:.1f} |"
        )


def in_gb(size: tuple[int, int]) -> str:
    return f"{size[0] / 1e9:.2f} + {size[1] / 1e9:.2f}"


if __name__ == "__main__":
    main()
