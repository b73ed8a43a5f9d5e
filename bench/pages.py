"""make bench: the pages that staff work with, of a business with 1,000,000 leads and 5,000,000 messages.

Prints the median and the slowest of each page as a browser gets it. Exit code 1 where one is slower than it may be.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import psutil
import psycopg
import requests

from bench.filling import fill
from bench.harness import CHANNEL, DATA_DIR, SITE_PORT, bench_database, create_business, manage_module, server, write
from leadsite.demo.supervisor import HOST, server_command

ASKED: Final = 60
# What a page may take, in milliseconds: the inbox and its search less than the others.
MEDIAN_MS: Final = {"/admin/inbox/": 100.0, "": 150.0}
SLOWEST_MS: Final = 500.0
_IDS: Final = {
    "chat": "SELECT conversation_id FROM messages WHERE user_id = %s ORDER BY id DESC LIMIT 100000",
    "lead": "SELECT id FROM leads WHERE user_id = %s ORDER BY id DESC LIMIT 100000",
    "customer": "SELECT customer_id FROM conversations WHERE user_id = %s ORDER BY id DESC LIMIT 100000",
}


class Page(NamedTuple):
    name: str
    paths: list[str]

    @property
    def limit(self) -> float:
        return next(limit for start, limit in MEDIAN_MS.items() if self.paths[0].startswith(start))


@dataclass(frozen=True)
class Workplace:
    """A served site with a business of years, the login of its owner, its API key and its number."""

    user_id: UUID
    email: str
    api_key: str
    channel: str
    password: str
    environment: dict[str, str]
    site: list[psutil.Process]

    @property
    def url(self) -> str:
        return self.environment["DATABASE_URL"]


def command_line(program: str, description: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--conversations", type=int, default=200_000, help="those with messages")
    parser.add_argument("--messages", type=int, default=25, help="of each of these conversations")
    parser.add_argument("--database-url", default="", help="fill this database instead of an embedded one")
    return parser.parse_args()


@contextmanager
def workplace(options: argparse.Namespace, data_dir: Path = DATA_DIR) -> Iterator[Workplace]:
    """Serve the business. Its rows are made once, and kept."""
    with bench_database(options.database_url, data_dir) as environment:
        size = f"{options.leads}-{options.conversations}-{options.messages}"
        email = f"workplace-{size}@leadsite.example"
        number = CHANNEL + size.replace("-", "")
        made = create_business(environment, f"--phone-number-id={number}", "--staff", email=email)
        url, user_id = environment["DATABASE_URL"], UUID(made["user_id"])
        with psycopg.connect(url, autocommit=True) as connection:
            if is_empty(connection, user_id):
                amounts = {"leads": options.leads, "conversations": options.conversations, "messages": options.messages}
                fill(connection, user_id, **amounts)
        environment["BENCH_USER_ID"] = made["user_id"]
        password = manage_module(environment, "bench.staff")
        with server(server_command(SITE_PORT, workers=2), SITE_PORT, environment) as site:
            yield Workplace(user_id, email, made["api_key"], number, password, environment, site)


def main() -> None:
    options = command_line("python -m bench.pages", __doc__)
    with workplace(options) as place:
        figures = measure_all(place)
    write("pages", vars(options) | {"database_url": None, "pages": figures})
    sys.exit(any(row["is_too_slow"] for row in figures))


def measure_all(place: Workplace) -> list[dict[str, Any]]:
    """Print the times of each page, and return them."""
    with psycopg.connect(place.url, autocommit=True) as connection:
        pages = list(all_pages(connection, place.user_id))
    with requests.Session() as browser:
        log_in(browser, place)
        print(f"{'':36} {'median':>8} {'slowest':>8}   (ms)")
        return [measured(page, browser) for page in pages]


def is_empty(connection: psycopg.Connection[Any], user_id: UUID) -> bool:
    return connection.execute("SELECT FROM messages WHERE user_id = %s LIMIT 1", [user_id]).fetchone() is None


def all_pages(connection: psycopg.Connection[Any], user_id: UUID) -> Iterator[Page]:
    """The pages of a day's work, each with addresses of many rows or words."""
    ids = {
        name: [str(row[0]) for row in connection.execute(query.encode(), [user_id]).fetchall()[:: 100_000 // ASKED]]
        for name, query in _IDS.items()
    }
    words = ["lemon", "wedding", "vegan urgent", "ginger", "marzipan", "Maria Cake", "Jonas", f"+4915{7919 * 800:09}"]
    lists = "/admin/leads/lead/", "/admin/conversations/customer/", "/admin/conversations/conversation/"
    yield Page("overview", ["/admin/overview/"])
    yield Page("inbox", ["/admin/inbox/"])
    for tab in ("mine", "unassigned", "all", "snoozed"):
        yield Page(f"inbox, {tab}", [f"/admin/inbox/?tab={tab}"])
    yield Page("inbox, what is new", ["/admin/inbox/live/"])
    yield Page("a chat", [f"/admin/inbox/{one}/" for one in ids["chat"]])
    yield Page("search of everything", [f"/admin/inbox/?q={quoted(word)}" for word in words])
    yield Page("board", ["/admin/inbox/board/"])
    for path in lists:
        name = path.split("/")[-2]
        yield Page(f"list: {name}", [path])
        yield Page(f"search: {name}", [f"{path}?q={quoted(word)}" for word in words])
    yield Page("leads by status", ["/admin/leads/lead/?status__exact=lost", "/admin/leads/lead/?status__exact=new"])
    yield Page("a lead", [f"/admin/leads/lead/{one}/change/" for one in ids["lead"]])
    yield Page("a customer", [f"/admin/conversations/customer/{one}/change/" for one in ids["customer"]])
    yield Page("messages", ["/admin/conversations/message/"])
    for path in ("conversations/customer/duplicates/", "leads/deletedlead/", "exports/", "leads/importrun/"):
        yield Page(path.strip("/"), [f"/admin/{path}"])


def quoted(word: str) -> str:
    return word.replace("+", "%2B").replace(" ", "+")


def log_in(browser: requests.Session, place: Workplace) -> None:
    page = f"http://{HOST}:{SITE_PORT}/admin/login/"
    browser.get(page, timeout=60)
    typed = {"username": place.email, "password": place.password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    if "/login/" in browser.post(page, data=typed, headers={"Referer": page}, timeout=60).url:
        raise SystemExit("The login was refused.")


def measured(page: Page, browser: requests.Session) -> dict[str, Any]:
    """Ask for the page as one browser, after each of its addresses once."""
    seconds = []
    warm = min(len(page.paths), 8)
    for path in islice(cycle(page.paths), warm + ASKED):
        answer = browser.get(f"http://{HOST}:{SITE_PORT}{path}", timeout=120, allow_redirects=False)
        seconds.append(answer.elapsed.total_seconds() * 1000)
        if answer.status_code != HTTPStatus.OK:
            raise SystemExit(f"{path} answers {answer.status_code} {answer.headers.get('Location', '')}.")
    times = sorted(seconds[warm:])
    median, slowest = round(statistics.median(times), 1), round(times[-1], 1)
    is_too_slow = median > page.limit or slowest > SLOWEST_MS
    print(f"{page.name:36} {median:>8} {slowest:>8}   {'too slow' if is_too_slow else ''}", flush=True)
    return {"page": page.name, "median_ms": median, "slowest_ms": slowest, "is_too_slow": is_too_slow}


if __name__ == "__main__":
    main()
