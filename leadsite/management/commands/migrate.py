"""manage.py migrate: Django's command, alone, and after a check that the tables are not from an earlier version."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connection

from leadsite.core.history import EarlierDatabase, check_history

# Any number that no other program uses in this database.
_LOCK: Final = 5_032_026


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with one_at_a_time():
            try:
                check_history()
            except EarlierDatabase as error:
                raise CommandError(str(error)) from error
            super().handle(*args, **options)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait until no other process migrates the database: two containers that start, or `make run` twice at once.

    The lock is a transaction's of a connection of its own, so that it also works behind pgbouncer. It cannot be the
    migrations' own transaction: there is one for each migration.
    """
    parameters = connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}
    with psycopg.connect(**parameters) as lock:
        lock.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        yield
