"""make bench: pages and searches of GET /api/leads, for a business with 10,000 leads and for one with 1,000,000.

Compared with a simple stand-in: ILIKE joined by OR, pages by OFFSET, no API keys.
"""

import argparse
import statistics
from base64 import b64encode
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import psycopg

from bench.harness import ROOT, SITE_PORT, STANDIN_PORT, Servers, both_servers, create_business, write
from bench.load import get, post

SMALL: Final = 10_000
PAGE: Final = 50
DEEP: Final = 5_000
ASKED: Final = 60
# Fewer, because the stand-in takes seconds for some queries.
ASKED_STANDIN: Final = 5
QUERIES: Final[dict[str, list[dict[str, str]]]] = {
    "the list": [{}],
    "status few have": [{"status": "lost"}],
    "a day": [{"created_after": "2026-01-05T00:00:00Z", "created_before": "2026-01-06T00:00:00Z"}],
    "a frequent word": [{"q": word} for word in ("lemon", "wedding", "vegan", "urgent")],
    "two words": [{"q": words} for words in ("lemon wedding", "table window", "vegan nuts")],
    "a short word": [{"q": word} for word in ("am", "le", "xq")],
    "name and word": [{"q": words} for words in ("lemon Maria", "Jonas wedding", "TARA ginger")],
    "a rare word": [{"q": "ginger"}],
    "no such word": [{"q": "marzipan"}],
    "a first name": [{"q": name} for name in ("Maria", "Jonas", "Tara")],
    "one person": [{"q": f"Amina Cake {number}"} for number in (800, 1600, 2400)],
    "a phone number": [{"q": f"+4915{number * 7919:09}"} for number in (800, 1601, 2402)],
    "end of a number": [{"q": f"{number * 7919:09}"[-6:]} for number in (800, 1601, 2402)],
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.reading", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="leads of the large business")
    parser.add_argument("--database-url", default="", help="fill this database instead of an embedded one")
    options = parser.parse_args()
    with both_servers(options.database_url) as servers:
        small, large = (business(servers, rows) for rows in (SMALL, options.rows))
        figures = [
            measured(name, queries, page, small, large) for name, queries in QUERIES.items() for page in (1, DEEP)
        ]
    table(figures, options.rows)
    write("reading", {"small": SMALL, "large": options.rows, "queries": figures})


def business(servers: Servers, rows: int) -> dict[str, str]:
    """Return a business with `rows` leads, created once and kept: its ids, its key and the cursor of page DEEP."""
    made = create_business(servers.environment, email=f"history-{rows}@leadsite.example")
    user_id, script = made["user_id"], (ROOT / "bench" / "history.sql").read_text()
    with psycopg.connect(servers.environment["DATABASE_URL"], autocommit=True) as connection:
        if connection.execute("SELECT FROM leads WHERE user_id = %s LIMIT 1", [user_id]).fetchone() is None:
            print(f"Creating {rows:,} leads …", flush=True)
            connection.execute(script, {"rows": rows, "user_id": UUID(user_id)})
        connection.execute("VACUUM ANALYZE customers, conversations, leads")
        far = connection.execute(
            "SELECT id FROM leads WHERE user_id = %s ORDER BY id DESC OFFSET %s LIMIT 1", [user_id, PAGE * (DEEP - 1)]
        ).fetchone()
    return made | {"cursor": b64encode(urlencode({"p": far[0]}).encode()).decode() if far else ""}


def measured(
    name: str, queries: list[dict[str, str]], page: int, small: dict[str, str], large: dict[str, str]
) -> dict[str, Any]:
    row: dict[str, Any] = {"query": name, "page": page}
    for size, owner in (("small", small), ("large", large)):
        if page > 1 and not owner["cursor"]:
            row |= {f"{size}_ms": None}
            continue
        cursor = {"cursor": owner["cursor"]} if page > 1 else {}
        asked = [query | cursor for query in queries]
        waits = latencies(SITE_PORT, asked, ASKED, Authorization=f"Bearer {owner['api_key']}")
        row |= {f"{size}_ms": statistics.median(waits), f"{size}_p99_ms": waits[int(len(waits) * 0.99)]}
    skipped = {"offset": str(PAGE * (page - 1)), "user_id": large["user_id"]}
    waits = latencies(STANDIN_PORT, [query | skipped for query in queries], ASKED_STANDIN)
    return row | {"standin_ms": statistics.median(waits)}


def latencies(port: int, queries: list[dict[str, str]], times: int, **headers: str) -> list[float]:
    """Return the latencies of one client in milliseconds, sorted, after one request for each query to warm up."""

    def requests() -> Iterator[bytes]:
        while True:
            for query in queries:
                yield get(port, f"/api/leads?{urlencode(query)}", **headers)

    for count in (len(queries), times):
        load = post(port, islice(requests(), count), clients=1, seconds=300)
    return sorted(wait * 1000 for wait in load.latencies)


def table(figures: list[dict[str, Any]], rows: int) -> None:
    print(f"{'GET /api/leads':18} {'page':>5} {f'{SMALL:,}':>9} {f'{rows:,}':>10} {'p99':>7} {'growth':>7}", end="")
    print(f" {'stand-in':>9} {'ratio':>7}   (ms; medians; ratio: stand-in to site)")
    for row in figures:
        few, many = row["small_ms"], row["large_ms"]
        growth = f"{many / few:.1f}" if few else "-"
        print(
            f"{row['query']:18} {row['page']:>5} {f'{few:.1f}' if few else '-':>9} {many:>10.1f}"
            f" {row['large_p99_ms']:>7.1f} {growth:>7} {row['standin_ms']:>9.1f} {row['standin_ms'] / many:>7.1f}"
        )
    print(f"Slowest median {max(row['large_ms'] for row in figures):.1f} ms,", end=" ")
    print(f"slowest p99 {max(row['large_p99_ms'] for row in figures):.1f} ms.")


if __name__ == "__main__":
    main()
