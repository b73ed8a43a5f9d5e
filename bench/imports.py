"""make bench: rows per second of manage.py import_leads, all of them new, compared with COPY and with bulk_create.

All three fill the same tables with the same constraints, indexes and triggers, one after another, each for a separate
business. COPY is the lower bound: it looks up no customers and checks only the tables' constraints. bulk_create with
batches of a thousand is the usual solution with Django.
"""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psutil
import psycopg

from bench.harness import ROOT, bench_database, create_business, manage_module, write

ROWS_OF_BULK_CREATE: Final = 100_000
BULK: Final = 1000
# The audited tables that an import fills.
AUDITED: Final = ("customers", "conversations", "leads")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.imports", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database-url", default="", help="fill this database instead of an embedded one")
    options = parser.parse_args()
    with bench_database(options.database_url) as environment, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "leads.csv"
        with file.open("w") as out:
            out.write("phone,name,type,details\n")
            out.writelines(",".join(row) + "\n" for row in rows(options.rows))
        copied = options.rows / copy(environment, options.rows)
        seconds, memory = imported(environment, file)
        without = imported(environment, file, audited=False)[0]
        bulk_rows = min(options.rows, ROWS_OF_BULK_CREATE)
        own = environment | {"BENCH_USER_ID": business(environment), "BENCH_ROWS": str(bulk_rows)}
        bulk = bulk_rows / float(manage_module(own, "bench.standins.imports"))
    rate = options.rows / seconds
    print(f"{'COPY into the three tables':32} {copied:>10,.0f} rows/s")
    print(f"{'manage.py import_leads':32} {rate:>10,.0f} rows/s   {rate / copied:.2f} of COPY, {memory:.0f} MB")
    cost = 1 - without / seconds
    print(f"{'without the audit':32} {options.rows / without:>10,.0f} rows/s   the audit costs {cost:.0%}")
    print(f"{f'bulk_create by {BULK}':32} {bulk:>10,.0f} rows/s   import is {rate / bulk:.1f} times as fast")
    figures = {"copy": copied, "import_leads": rate, "bulk_create": bulk}
    write(
        "imports",
        figures
        | {
            "audit_cost": cost,
            "ratio_to_copy": rate / copied,
            "ratio_to_bulk_create": rate / bulk,
            "memory_mb": memory,
        },
    )


def rows(count: int) -> Iterator[tuple[str, str, str, str]]:
    for number in range(count):
        yield f"+49{15000000000 + number}", f"Customer {number}", "order", f"Wants cake number {number} for Saturday"


def business(environment: dict[str, str]) -> str:
    return create_business(environment, email=f"import-{secrets.token_hex(6)}@leadsite.example")["user_id"]


def copy(environment: dict[str, str], count: int) -> float:
    """Return the seconds that COPY takes; the program creates the ids before."""
    user_id = business(environment)
    customers = [uuid_v7() for _ in range(count)]
    conversations = [uuid_v7() for _ in range(count)]
    started = time.perf_counter()
    with psycopg.connect(environment["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        with cursor.copy("COPY customers (id, user_id, phone, name) FROM STDIN") as out:
            for id_, (phone, name, *_) in zip(customers, rows(count), strict=True):
                out.write_row((id_, user_id, phone, name))
        with cursor.copy("COPY conversations (id, user_id, customer_id) FROM STDIN") as out:
            for id_, customer in zip(conversations, customers, strict=True):
                out.write_row((id_, user_id, customer))
        with cursor.copy("COPY leads (user_id, conversation_id, type, details, source) FROM STDIN") as out:
            for conversation, (_, _, kind, details) in zip(conversations, rows(count), strict=True):
                out.write_row((user_id, conversation, kind, details, "import"))
    return time.perf_counter() - started


def uuid_v7() -> UUID:
    bits = time.time_ns() // 1_000_000 << 80 | 7 << 76 | secrets.randbits(76)
    return UUID(int=bits & ~(3 << 62) | 2 << 62)


def imported(environment: dict[str, str], file: Path, *, audited: bool = True) -> tuple[float, float]:
    """Return the seconds that the command takes, and its peak memory in megabytes. Not `audited`: with the audit's
    triggers off.
    """
    for table in AUDITED:
        switch(environment, table, "ENABLE" if audited else "DISABLE")
    email = f"import-{secrets.token_hex(6)}@leadsite.example"
    create_business(environment, email=email)
    command = [sys.executable, str(ROOT / "manage.py"), "import_leads", str(file), "--user", email, "--json"]
    started = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        peak = peak_memory(process)
        process.wait()
        seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"import_leads ended with {process.returncode}.")
    return seconds, peak[0] / 1e6


def switch(environment: dict[str, str], table: str, how: str) -> None:
    """ENABLE or DISABLE the audit's triggers of a table."""
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        for event in ("insert", "update", "delete"):
            connection.execute(f"ALTER TABLE {table} {how} TRIGGER {table}_audit_{event}".encode())


def peak_memory(process: "subprocess.Popen[bytes]") -> list[float]:
    """Return a list of one element, which a thread keeps at the peak so far, in bytes."""
    peak = [0.0]

    def watch() -> None:
        while process.poll() is None:
            try:
                peak[0] = max(peak[0], psutil.Process(process.pid).memory_info().rss)
            except psutil.NoSuchProcess:
                return
            time.sleep(0.2)

    threading.Thread(target=watch, daemon=True).start()
    return peak


def chunks(source: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while chunk := list(islice(source, size)):
        yield chunk


if __name__ == "__main__":
    if os.environ.get("DATABASE_URL"):
        print("DATABASE_URL is ignored; --database-url names another database.", file=sys.stderr)
    main()
