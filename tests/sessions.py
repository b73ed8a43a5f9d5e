"""Other sessions of the test database: a SQL client, a pool of processes, a suspended process.

For tests with `django_db(transaction=True)`: other sessions see only what is committed.
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

from leads.importing.isolated.process import start_fork_server
from tests.site import until

# What the fork server imports, so that the processes of a pool do not.
PRELOADED = ("leadsite.wsgi", "tests.factories", "tests.sessions")
APPLICATION_NAME = "pool of a test"  # of the sessions of `processes`


def database_url() -> str:
    """The address of the test database for other processes."""
    settings = connection.settings_dict
    login = quote(settings["USER"], safe="")
    if settings["PASSWORD"]:
        login += ":" + quote(settings["PASSWORD"], safe="")
    server = f"{settings['HOST']}:{settings['PORT']}" if settings["PORT"] else settings["HOST"]
    # Other OPTIONS are for psycopg, and cannot be part of an address. With --application-role, `options` has the role.
    names = ("host", "port", "sslmode", "options")
    options = {name: value for name, value in settings["OPTIONS"].items() if name in names}
    return f"postgresql://{login}@{server}/{quote(settings['NAME'])}?{urlencode(options, quote_via=quote)}"


@contextmanager
def session(url: str | None = None) -> Iterator[psycopg.Connection]:
    """Another session. Its transaction is rolled back at the end of the block."""
    opened = psycopg.connect(url or database_url())
    try:
        yield opened
        # The server releases the locks of a closed connection a moment later, those of a transaction at once.
        with suppress(psycopg.OperationalError):  # it may be closed by now
            opened.rollback()
    finally:
        opened.close()


def waiting(observer: psycopg.Connection) -> int:
    """The number of sessions of this database that wait for a lock. Any role may see that in pg_locks."""
    observer.execute("SELECT pg_stat_clear_snapshot()")  # within a transaction the statistics are cached
    row = observer.execute(
        "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE NOT granted AND datname = current_database()"
    ).fetchone()
    assert row is not None
    return int(row[0])


def looked_for_deadlock(observer: psycopg.Connection) -> bool:
    """Whether all that wait for a lock have looked for a deadlock: a session does once, a second (deadlock_timeout)
    after its wait began. Who closes the cycle later looks itself, and is aborted."""
    (waits,) = observer.execute(
        "SELECT min(clock_timestamp() - waitstart) > current_setting('deadlock_timeout')::interval * 1.2 FROM pg_locks"
        " WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    ).fetchone() or (None,)
    return bool(waits)


@contextmanager
def held_back(creations: int) -> Iterator[None]:
    """Block creations at their first write, until this many wait there; then release all at once."""
    with session() as gate:
        gate.execute("LOCK TABLE customers IN SHARE MODE")
        yield
        until(lambda: waiting(gate) >= creations, lambda: f"{waiting(gate)} creations wait, not {creations}")
        gate.rollback()


def lock_customer(by: psycopg.Connection, business: UUID, phone: str) -> None:
    """Lock a customer, as each writer does first; see Note [Lock order] in leads/services/create.py."""
    found = by.execute("SELECT FROM customers WHERE user_id = %s AND phone = %s FOR UPDATE", [business, phone])
    assert found.rowcount == 1


def complete(by: psycopg.Connection, business: UUID, phone: str) -> list[UUID]:
    """Complete the customer's active conversation, in the lock order. Returns its id, if there was one."""
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
    """A pool of `count` processes, each with its own connection.

    They are forked from a fork server, because a fork of pytest would share its connection and its threads' locks.
    There is one in a process, which the readers of uploaded files use too: conftest.py adds PRELOADED for it.
    """
    start_fork_server()
    context = get_context("forkserver")
    return ProcessPoolExecutor(count, context, initializer=_join, initargs=(connection.settings_dict["NAME"],))


def _join(database: str) -> None:
    os.environ["PGAPPNAME"] = APPLICATION_NAME
    django.setup()
    connection.settings_dict["NAME"] = database


@contextmanager
def suspended(call: Callable[..., Any], *arguments: Any, after: str, times: int = 1) -> Iterator[Future[Any]]:
    """Make this call in another process, which is suspended by SIGSTOP after a statement with the words `after`: the
    first one, or by `times` a later one.

    It continues at the end of the block; yields the future of the call. The server ends its session after 0.3 s if the
    transaction has a limit for idle sessions.
    """
    with processes(1) as pool:
        pid = pool.submit(os.getpid).result()
        called = pool.submit(_call_and_suspend, after, times, call, arguments)
        until(lambda: called.done() or psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        assert not called.done(), called.exception() or f"No statement had the words {after!r}."
        try:
            yield called
        finally:
            os.kill(pid, signal.SIGCONT)


def _call_and_suspend(words: str, times: int, call: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    found = 0

    def suspend(execute: Callable[..., Any], statement: str, *rest: Any) -> Any:
        nonlocal found
        result = execute(statement, *rest)
        found += words in statement.replace('"', "")
        if found == times:
            found += 1
            connection.connection.execute(_SHORTER_LIMIT)
            os.kill(os.getpid(), signal.SIGSTOP)
        return result

    with connection.execute_wrapper(suspend):
        return call(*arguments)


# Shortens the limit where the transaction has set one: see end_if_idle.
_SHORTER_LIMIT = """
    SELECT set_config(name, '300ms', true) FROM pg_settings
    WHERE name = 'idle_in_transaction_session_timeout' AND setting <> reset_val
"""


def deadlocks() -> int:
    """The number of deadlocks in this database. A session reports its own when it ends: waits for the pool's."""

    def number(query: str, *arguments: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute(query, arguments)
            (value,) = cursor.fetchone() or (0,)
            return int(value)

    until(lambda: not number("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", APPLICATION_NAME))
    return number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
