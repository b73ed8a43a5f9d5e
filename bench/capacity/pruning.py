"""What it costs to delete old deliveries by DELETE, beside a table partitioned by month: docs/capacity.md.

python -m bench.capacity.pruning: fills webhook_deliveries of the embedded PostgreSQL of the benchmarks, and a copy of
it that is partitioned by month; deletes a month from both, and inserts into both.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import psycopg

from bench.capacity.costs import Use, execute, use_of, write_tables
from bench.harness import bench_database, manage, write

PLAIN, PARTITIONED = "webhook_deliveries", "deliveries_by_month"
RATES: Final = (10, 100, 1000)
DAY: Final = 86_400
# A night's work that nobody would notice.
HOUR: Final = 3600
INSERTED: Final = 50_000
# A month that is to go and one that stays, with bodies like those of Meta. The ids begin with the time, as uuid_v7's.
_FILL: Final = """
    TRUNCATE webhook_deliveries;
    INSERT INTO webhook_deliveries (id, provider, body, received_at, state)
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7'
            || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid,
        'cloud', convert_to(rpad(gen_random_uuid()::text, 700, md5(n::text)), 'UTF8'), at, 'processed'
    FROM (SELECT n, now() - interval '60 days' + n * interval '60 days' / {rows} AS at
          FROM generate_series(1, {rows}) AS n) AS deliveries;
"""
_PARTITIONED: Final = """
    DROP TABLE IF EXISTS deliveries_by_month;
    CREATE TABLE deliveries_by_month (LIKE webhook_deliveries INCLUDING ALL) PARTITION BY RANGE (id);
    CREATE TABLE deliveries_old PARTITION OF deliveries_by_month FOR VALUES FROM (MINVALUE) TO ('{border}');
    CREATE TABLE deliveries_new PARTITION OF deliveries_by_month FOR VALUES FROM ('{border}') TO (MAXVALUE);
    INSERT INTO deliveries_by_month SELECT * FROM webhook_deliveries;
"""
_BORDER: Final = "SELECT id FROM webhook_deliveries WHERE received_at >= now() - interval '30 days' ORDER BY id LIMIT 1"
_INSERT: Final = "INSERT INTO {} (provider, body, state) VALUES ('cloud', %s, 'processed')"
_PRUNE: Final = (
    "from leadsite.core.clock import check_clock; from whatsapp.inbound.replay import prune;"
    " print(prune(now=check_clock())['processed'])"
)


@dataclass(frozen=True)
class Cost:
    """Of a million rows: seconds, seconds of PostgreSQL's CPU, bytes of the write-ahead log."""

    seconds: float
    cpu: float
    log: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.capacity.pruning", description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000, help="two months of deliveries, one of which is deleted")
    rows = parser.parse_args().rows
    with bench_database("") as environment:
        url = environment["DATABASE_URL"]
        execute(url, _FILL.format(rows=rows))
        execute(url, f"VACUUM ANALYZE {PLAIN}")
        execute(url, _PARTITIONED.format(border=execute(url, _BORDER)[0][0]))
        inserts = {name: inserted(url, table) for name, table in (("one table", PLAIN), ("by month", PARTITIONED))}
        old = execute(url, "SELECT count(*) FROM deliveries_old")[0][0]

        def prune() -> None:
            pruned = int(manage(environment, "shell", "--verbosity=0", "-c", _PRUNE))
            # Some have become old enough since the copy was made.
            assert pruned >= old, f"{pruned} of {old} deleted"

        deletes = {
            "DELETE in batches": measured(url, old, prune),
            "VACUUM after it": measured(url, old, lambda: execute(url, f"VACUUM {PLAIN}")),
            "DROP of the month": measured(url, old, lambda: execute(url, "DROP TABLE deliveries_old")),
        }
        execute(url, f"TRUNCATE {PLAIN}; DROP TABLE {PARTITIONED}")
    text = "\n".join(document(deletes, inserts, old))
    write_tables("bench.capacity.pruning", text)
    print(text)
    write("pruning", {name: vars(cost) for name, cost in (deletes | inserts).items()})


def inserted(url: str, table: str) -> Cost:
    """Insert one by one, as deliveries come, but many in a transaction: what the table costs, not COMMIT."""
    statement = _INSERT.format(table).encode()

    def insert() -> None:
        with psycopg.connect(url) as connection, connection.pipeline():
            for _ in range(INSERTED):
                connection.execute(statement, [b"x" * 700], prepare=True)

    return measured(url, INSERTED, insert)


def measured(url: str, rows: int, work: Callable[[], object]) -> Cost:
    seconds = 0.0

    def timed() -> None:
        nonlocal seconds
        started = time.perf_counter()
        work()
        seconds = time.perf_counter() - started

    # Not VACUUM, of which one is measured here.
    use: Use = use_of(url, [], timed, vacuum=False)
    million = 1e6 / rows
    return Cost(seconds * million, use.database * million, use.log * million)


def document(deletes: dict[str, Cost], inserts: dict[str, Cost], old: int) -> Iterator[str]:
    yield f"Measured on {time.strftime('%Y-%m-%d')}: a month of {old:,} deliveries deleted, and one as large kept.\n"
    yield "| for a million deliveries | seconds | CPU of PostgreSQL, s | write-ahead log, MB |"
    yield "|---|---|---|---|"
    for name, cost in deletes.items():
        yield f"| {name} | {cost.seconds:.1f} | {cost.cpu:.1f} | {cost.log / 1e6:,.0f} |"
    for name, cost in inserts.items():
        yield f"| INSERT one by one, {name} | {cost.seconds:.1f} | {cost.cpu:.1f} | {cost.log / 1e6:,.0f} |"
    night = sum(cost.seconds for name, cost in deletes.items() if not name.startswith("DROP"))
    processor = sum(cost.cpu for name, cost in deletes.items() if not name.startswith("DROP"))
    yield "\n| deliveries a second | to delete each night | takes minutes | of a processor, over the day |"
    yield "|---|---|---|---|"
    for rate in RATES:
        millions = rate * DAY / 1e6
        yield f"| {rate:,} | {rate * DAY:,} | {millions * night / 60:.1f} | {millions * processor / DAY:.2%} |"
    yield f"\nDELETE and VACUUM would take an hour each night at {HOUR / night * 1e6 / DAY:,.0f} deliveries a second."


if __name__ == "__main__":
    main()
