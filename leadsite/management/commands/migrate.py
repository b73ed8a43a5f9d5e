"""manage.py migrate: Django's command, alone, and after a check that the tables are not of another version.

With MIGRATION_DATABASE_URL it runs as the role that owns the tables (manage.py), and then gives the others their
rights: Note [Roles].
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import ProgrammingError, connection
from django.db.migrations.exceptions import MigrationSchemaMissing

from leadsite.audit.partitions import make_partitions
from leadsite.core.history import EarlierDatabase, is_newer, note_digests
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import sqlstate
from leadsite.management.commands.grant_rights import apply_rights

# Any number that no other program uses in this database.
_LOCK: Final = 5_032_026
_INSUFFICIENT_PRIVILEGE: Final = "42501"
_NEWER: Final = "A newer release of leadsite has migrated this database: nothing to do, this one runs on its tables."


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with one_at_a_time():
            try:
                newer = is_newer()
            except EarlierDatabase as error:
                raise CommandError(str(error)) from error
            if newer:
                # Nor rights: this version does not know the tables to which the newer one has given them.
                if options["app_label"]:
                    raise CommandError("Only the newer release that has migrated this database can change its tables.")
                if options["verbosity"]:
                    self.stdout.write(_NEWER)
                return
            self._apply(*args, **options)
            # A worker does this each night. Not before the migration that creates the function, or after its reverse.
            if fetch_rows("SELECT to_regproc('make_audit_partitions') IS NOT NULL") == [(True,)]:
                make_partitions()
            if settings.OWNER_DATABASE:
                apply_rights()

    def _apply(self, *args: Any, **options: Any) -> None:
        try:
            if not (options["plan"] or options["check_unapplied"]):
                note_digests()
            super().handle(*args, **options)
        except MigrationSchemaMissing as error:
            raise CommandError(_without_rights(error)) from error
        except ProgrammingError as error:
            if sqlstate(error) != _INSUFFICIENT_PRIVILEGE:
                raise
            raise CommandError(_without_rights(error)) from error


def _without_rights(error: Exception) -> str:
    advice = (
        "It must own the tables and the schema public, or the database."
        if settings.OWNER_DATABASE
        else "Set MIGRATION_DATABASE_URL to the URL with the role that owns the tables."
    )
    return f"The role {connection.settings_dict['USER']!r} may not do this: {str(error).strip()}. {advice}"


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait until no other process migrates the database or makes the demo's data: two containers that start, or
    `make run` twice at once.

    The lock is a transaction's of a connection of its own, so that it also works behind pgbouncer. It cannot be the
    migrations' own transaction: there is one for each migration.
    """
    parameters = connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}
    with psycopg.connect(**parameters) as lock:
        lock.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        yield
