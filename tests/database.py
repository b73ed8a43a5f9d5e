"""The test database: migrated once for all processes, emptied after what tests commit; and its catalogue."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection

from tests.sessions import database_url, session
from tests.site import DEADLINE_SECONDS

# Written by migrations or by Django after them, the same for all tests.
KEPT: Final = {"auth_permission", "django_content_type", "django_migrations"}


@contextmanager
def shared_template(run: Path, processes: int) -> Iterator[None]:
    """Let the test database be a copy of one that only the first of the run's processes migrates: that takes seconds.

    `run` is a directory of all processes of this run. The last of them drops the template.
    """
    name = f"test_{settings.DATABASES[DEFAULT_DB_ALIAS]['NAME']}_template"
    with _locked(run / "template.lock") as uses:
        if not uses.read():
            _migrate_template(name)
        uses.write("+")
    connection.settings_dict["TEST"]["TEMPLATE"] = name
    yield
    with _locked(run / "template.lock") as uses:
        uses.write("-")
        uses.seek(0)
        if uses.read().count("-") == processes:
            with connection._nodb_cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {connection.ops.quote_name(name)}")


@contextmanager
def empty_database(suffix: str) -> Iterator[str]:
    """Another database on the same server, beside that of the tests. Yields its address."""
    name = f"{connection.settings_dict['NAME']}_{suffix}"
    with session() as other_session:
        other_session.autocommit = True
        # A run that was killed has left its own.
        other_session.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        other_session.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield database_url().replace(connection.settings_dict["NAME"], name)
        finally:
            other_session.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def rows_read(table: str) -> int:
    """How many rows of a table this transaction has read, by scans and by indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = %s", [table]
        )
        return int(cursor.fetchone()[0])


def use_indexes() -> None:
    """Make the rest of the transaction use the indexes, as PostgreSQL does for a large table."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")


@contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    """The file, opened to read from the start and to write at the end, by one process at a time."""
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        yield file


def _migrate_template(name: str) -> None:
    own = connection.settings_dict["NAME"]
    test = connection.settings_dict["TEST"]
    test["NAME"], of_this_process = name, test["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    connection.close()  # nobody copies a database that has connections
    test["NAME"] = of_this_process
    connection.settings_dict["NAME"] = settings.DATABASES[DEFAULT_DB_ALIAS]["NAME"] = own


def delete_all_rows() -> None:
    """Empty all tables, also those of procrastinate. Opens the transaction.

    TRUNCATE creates new files for each table and index, which takes half a second; DELETE takes ten milliseconds.
    For DELETE the triggers and foreign keys must be off, which takes a superuser; another role truncates.
    """
    with connection.cursor() as cursor:
        names = sorted(set(connection.introspection.table_names(cursor)) - KEPT)
        tables = [connection.ops.quote_name(name) for name in names]
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = session_user")
        if cursor.fetchone() == (True,):
            # Like TRUNCATE, the lock waits for open transactions of processes that the test has started.
            lock = f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE"
            deletes = [f"DELETE FROM {table}" for table in tables]
            statements = ["SET LOCAL session_replication_role = replica", lock, *deletes]
        else:
            statements = [f"TRUNCATE {', '.join(tables)}"]
        # The role is another one with --application-role.
        cursor.execute("; ".join(["BEGIN", "SET LOCAL ROLE NONE", *statements, "COMMIT"]))


def catalogue() -> set[tuple[str, ...]]:
    """Every table, column, constraint, index, function and trigger of ours, with its definition."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT 'constraint', conname::text, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT 'index', indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL SELECT 'function', proname::text, pg_get_functiondef(oid) FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace
            UNION ALL SELECT 'trigger', tgname::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
            UNION ALL SELECT 'column', table_name || '.' || column_name, data_type || coalesce(column_default, '')
            FROM information_schema.columns WHERE table_schema = 'public'
            """
        )
        return set(cursor.fetchall())


def limit_waiting() -> None:
    """Sessions of the test database end a wait for a lock that nobody releases, long after `until` has given up: a test
    that waits for itself fails then, instead of the whole run.
    """
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} SET lock_timeout = '{DEADLINE_SECONDS + 30}s'")
    connection.close()
