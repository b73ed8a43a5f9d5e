"""A served site with a business of years, and a second database with a business that has few rows."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import psutil
import psycopg
import requests
from psycopg.sql import SQL, Identifier

from bench.filling import fill
from bench.harness import CHANNEL, DATA_DIR, SITE_PORT, bench_database, create_business, manage, manage_module, server
from leadsite.demo.supervisor import HOST, server_command

# Rows of the business that has few.
FEW: Final = 10


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
    parser.add_argument("--leads", type=int, default=1_000_000, help="20000 for a quick look")
    parser.add_argument("--conversations", type=int, help="those with messages; a fifth of the leads by default")
    parser.add_argument("--messages", type=int, default=25, help="of each of these conversations")
    parser.add_argument("--database-url", default="", help="fill this database instead of an embedded one")
    parser.add_argument("--only", default="", help="a regular expression: only pages whose name it finds")
    options = parser.parse_args()
    options.conversations = options.conversations or options.leads // 5
    return options


@contextmanager
def workplace(options: argparse.Namespace, data_dir: Path = DATA_DIR) -> Iterator[Workplace]:
    """Serve the business. Its rows are made once, and kept."""
    with bench_database(options.database_url, data_dir) as environment:
        amounts = {"leads": options.leads, "conversations": options.conversations, "messages": options.messages}
        made = business_with(environment, amounts, others=max(FEW, options.leads // 100))
        password = manage_module(environment, "bench.staff")
        with server(server_command(SITE_PORT, workers=2), SITE_PORT, environment) as site:
            ids = UUID(made["user_id"]), made["email"], made["api_key"], made["number"]
            yield Workplace(*ids, password, environment, site)


def business_with(environment: dict[str, str], amounts: dict[str, int], *, others: int) -> dict[str, str]:
    """Make a business with these amounts and so many `others` (bench.other_rows), where it is not there; name it in the
    environment, and return what create_business says, its number and its e-mail.
    """
    size = "-".join(map(str, amounts.values()))
    email, number = f"workplace-{size}@leadsite.example", CHANNEL + size.replace("-", "")
    made = create_business(environment, f"--phone-number-id={number}", "--staff", email=email)
    environment |= {"BENCH_USER_ID": made["user_id"], "BENCH_ROWS": str(others)}
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as connection:
        if is_empty(connection, "messages", made):
            fill(connection, UUID(made["user_id"]), **amounts)
        is_new = is_empty(connection, "labels", made)
    if is_new:
        manage_module(environment, "bench.other_rows")
    return made | {"number": number, "email": email}


def is_empty(connection: psycopg.Connection[Any], table: str, made: dict[str, str]) -> bool:
    query = SQL("SELECT FROM {} WHERE user_id = %s LIMIT 1").format(Identifier(table))
    return connection.execute(query, [made["user_id"]]).fetchone() is None


def few_rows(environment: dict[str, str]) -> dict[str, str]:
    """Return the environment of another database of the same server, in which a business has FEW rows of each kind."""
    url = urlsplit(environment["DATABASE_URL"])
    name = f"{url.path.removeprefix('/')}_few"
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    few = environment | {"DATABASE_URL": url._replace(path=f"/{name}").geturl()}
    manage(few, "migrate", "--verbosity=0")
    business_with(few, {"leads": FEW, "conversations": FEW, "messages": FEW}, others=FEW)
    return few


def log_in(browser: requests.Session, place: Workplace) -> None:
    page = f"http://{HOST}:{SITE_PORT}/admin/login/"
    browser.get(page, timeout=60)
    typed = {"username": place.email, "password": place.password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    if "/login/" in browser.post(page, data=typed, headers={"Referer": page}, timeout=60).url:
        raise SystemExit("The login was refused.")
