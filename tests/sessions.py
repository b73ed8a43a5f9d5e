"""Other sessions on the test's own database: a clerk at a prompt, a crew of processes, a gate for all who write.

For tests with `django_db(transaction=True)`: only what is committed can be seen by others.
"""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import django
import psutil
import psycopg
from django.db import connection, transaction
from django.db.models import QuerySet

from tests.site import until

CREW = "crew of a test"  # the name of its sessions


def database_url() -> str:
    """The address of the test's database, for those who are not this process."""
    settings = connection.settings_dict
    login = quote(settings["USER"], safe="")
    if settings["PASSWORD"]:
        login += ":" + quote(settings["PASSWORD"], safe="")
    server = f"{settings['HOST']}:{settings['PORT']}" if settings["PORT"] else settings["HOST"]
    # The rest of OPTIONS is how Django uses psycopg, and no part of an address.
    options = {name: value for name, value in settings["OPTIONS"].items() if name in ("host", "port", "sslmode")}
    return f"postgresql://{login}@{server}/{quote(settings['NAME'])}?{urlencode(options)}"


@contextmanager
def session(url: str | None = None) -> Iterator[psycopg.Connection]:
    """Another client. What it has not committed ends with the block."""
    opened = psycopg.connect(url or database_url())
    try:
        yield opened
        # The server frees the locks of a closed connection a moment later, those of a transaction at once.
        with suppress(psycopg.OperationalError):  # it may be closed or cut by now
            opened.rollback()
    finally:
        opened.close()


def waiting(observer: psycopg.Connection) -> int:
    """The number of sessions of this database that wait for a lock."""
    observer.execute("SELECT pg_stat_clear_snapshot()")  # a transaction would go on seeing what it saw first
    row = observer.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def held_back(creations: int) -> Iterator[None]:
    """Stop every creation at its first write, and let all go in one moment when so many wait there."""
    with session() as gate:
        gate.execute("LOCK TABLE customers IN SHARE MODE")
        yield
        until(lambda: waiting(gate) >= creations, lambda: f"{waiting(gate)} creations wait, not {creations}")
        gate.rollback()


def lock_customer(by: psycopg.Connection, business: UUID, phone: str) -> None:
    """Lock a customer, as every writer does first; see Note [Lock order]."""
    found = by.execute("SELECT FROM customers WHERE user_id = %s AND phone = %s FOR UPDATE", [business, phone])
    assert found.rowcount == 1


def complete(by: psycopg.Connection, business: UUID, phone: str) -> list[UUID]:
    """Complete the customer's active conversation, in the order of locks. Returns its id, if there was one."""
    lock_customer(by, business, phone)
    rows = by.execute(
        "UPDATE conversations SET status = 'completed' FROM customers WHERE customers.id = customer_id"
        " AND customers.user_id = %s AND phone = %s AND status = 'active' RETURNING conversations.id",
        [business, phone],
    )
    return [id_ for (id_,) in rows]


def is_free(rows: QuerySet[Any]) -> bool:
    """Whether one of the rows is not locked."""
    with transaction.atomic():
        return rows.select_for_update(skip_locked=True).exists()


def processes(count: int) -> ProcessPoolExecutor:
    """A crew of so many processes, each with its own connection.

    They come from a fork server: a fork of pytest itself would share its connection and its threads' locks.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(["leadsite.wsgi", "tests.factories", "tests.sessions", "pytest"])
    return ProcessPoolExecutor(count, context, initializer=_join, initargs=(connection.settings_dict["NAME"],))


def _join(database: str) -> None:
    os.environ["PGAPPNAME"] = CREW
    django.setup()
    connection.settings_dict["NAME"] = database


@contextmanager
def frozen(call: Callable[..., Any], *arguments: Any, after: str, times: int = 1) -> Iterator[Future[Any]]:
    """Another process that makes this call, and is stopped by SIGSTOP after a statement with the words `after`, the
    first or by `times` a later one.

    It goes on when the block ends; the call's future tells what it met. The server ends its session after 0.3 s where
    its transaction asks for that.
    """
    with processes(1) as crew:
        pid = crew.submit(os.getpid).result()
        called = crew.submit(_call_and_freeze, after, times, call, arguments)
        until(lambda: called.done() or psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        assert not called.done(), called.exception() or f"No statement had the words {after!r}."
        try:
            yield called
        finally:
            os.kill(pid, signal.SIGCONT)


def _call_and_freeze(words: str, times: int, call: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    found = 0

    def freeze(execute: Callable[..., Any], statement: str, *rest: Any) -> Any:
        nonlocal found
        result = execute(statement, *rest)
        found += words in statement.replace('"', "")
        if found == times:
            found += 1
            connection.connection.execute(_SOONER)
            os.kill(os.getpid(), signal.SIGSTOP)
        return result

    with connection.execute_wrapper(freeze):
        return call(*arguments)


# Only where the transaction has set the limit: see end_if_idle.
_SOONER = """
    SELECT set_config(name, '300ms', true) FROM pg_settings
    WHERE name = 'idle_in_transaction_session_timeout' AND setting <> reset_val
"""


def deadlocks() -> int:
    """How many PostgreSQL has resolved in this database. A session reports its own when it ends: ask after the crew."""

    def number(query: str, *arguments: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute(query, arguments)
            (value,) = cursor.fetchone() or (0,)
            return int(value)

    until(lambda: not number("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", CREW))
    return number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
