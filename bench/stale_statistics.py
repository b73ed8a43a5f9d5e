"""Deliveries with missing statistics of the tables: an import of 300,000 leads, autovacuum off, no ANALYZE.

Then deliveries of 100 messages from 60 of the imported customers, over 8 connections that are kept, as a proxy keeps
them. Prints median and p99 of a delivery, and how many were postponed by a lock or an error; exit code 1 if one was, or
if p99 is above the limit. The site has planned its statements before the import, when the tables were empty.
"""

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import local
from uuid import uuid4

import psycopg

from bench.deliveries import PATH, delivery, signature
from bench.harness import CHANNEL, SITE_PORT, bench_database, create_business, server, write
from leadsite.demo.supervisor import server_command

TABLES = ("customers", "conversations", "leads", "messages", "customer_moves", "parked_statuses", "webhook_deliveries")
LIMIT_MS = 250
MESSAGES, CUSTOMERS = 100, 60
WARM_UP = 80
kept = local()

# A customer, a conversation and a lead for each row, as an import creates them.
FILL = """
    WITH made AS (
        INSERT INTO customers (user_id, phone) SELECT %(user)s, '+49151' || lpad(n::text, 8, '0')
        FROM generate_series(1, %(leads)s) AS n
        ON CONFLICT DO NOTHING RETURNING id
    ), opened AS (
        INSERT INTO conversations (user_id, customer_id, status) SELECT %(user)s, id, 'active' FROM made RETURNING id
    )
    INSERT INTO leads (user_id, conversation_id, type, source) SELECT %(user)s, id, 'inquiry', 'import' FROM opened
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.stale_statistics", description=__doc__)
    parser.add_argument("--leads", type=int, default=300_000, help="how many are imported before")
    parser.add_argument("--deliveries", type=int, default=200, help="how many are measured")
    parser.add_argument("--clients", type=int, default=8, help="connections")
    parser.add_argument("--database-url", default="", help="fill this database instead of an embedded one")
    options = parser.parse_args()
    with bench_database(options.database_url) as environment:
        business = create_business(environment, f"--phone-number-id={CHANNEL}")
        with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as database:
            for table in TABLES:
                database.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)".encode())
                database.execute(f"ANALYZE {table}".encode())
            site = server(server_command(SITE_PORT, workers=2), SITE_PORT, environment)
            with site, ThreadPoolExecutor(options.clients) as senders:
                run(WARM_UP, senders, options.leads)  # plans made for the tables before the import
                print(f"Importing {options.leads} leads …", file=sys.stderr)
                database.execute("SET synchronous_commit = off")
                database.execute(FILL, {"user": business["user_id"], "leads": options.leads})
                database.execute("CHECKPOINT")
                latencies = run(options.deliveries, senders, options.leads)
            row = database.execute("SELECT count(*) FROM webhook_deliveries WHERE state <> 'processed'").fetchone()
    postponed = row[0] if row else 0
    figures = {
        "median_ms": round(statistics.median(latencies) * 1000, 1),
        "p99_ms": round(statistics.quantiles(latencies, n=100)[98] * 1000, 1),
        "put_off": postponed,
    }
    print(f"Deliveries of {MESSAGES} messages of {CUSTOMERS} customers, statistics stale: {json.dumps(figures)}")
    write("stale_statistics", figures)
    sys.exit(postponed > 0 or figures["p99_ms"] > LIMIT_MS)


def run(deliveries: int, senders: ThreadPoolExecutor, leads: int) -> list[float]:
    """Send this many deliveries, and return the seconds that each took."""
    prepared = list(bodies(deliveries, leads))  # first: it takes the CPUs that the site needs
    return list(senders.map(deliver, prepared))


def deliver(body: bytes) -> float:
    headers = {"X-Hub-Signature-256": signature(body), "Content-Type": "application/json"}
    started = time.perf_counter()
    if not hasattr(kept, "connection"):
        kept.connection = HTTPConnection("127.0.0.1", SITE_PORT, timeout=30)
    # It connects again where the site has ended the connection with an answer: leadsite/server/spreading.py.
    kept.connection.request("POST", PATH, body, headers)
    answer = kept.connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"A delivery was answered {answer.status}.")
    return time.perf_counter() - started


def bodies(deliveries: int, leads: int) -> Iterator[bytes]:
    chance = random.Random(1)
    for _ in range(deliveries):
        phones = [f"49151{chance.randint(1, leads):08d}" for _ in range(CUSTOMERS)]
        body = delivery([chance.choice(phones) for _ in range(MESSAGES)])
        for message in body["entry"][0]["changes"][0]["value"]["messages"]:
            message["id"] = f"wamid.{uuid4()}"
        yield json.dumps(body).encode()


if __name__ == "__main__":
    main()
