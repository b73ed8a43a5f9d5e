"""Compares the migrations that the database has with those of this version.

By their names, and by digests of their files: before a release its migrations are edited in place, so that tables made
by others of the same names lack columns and functions. `migrate` notes the digests as the comment of the table of
applied migrations, which every role reads, and a dump takes along.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.recorder import MigrationRecorder
from psycopg import sql

from leadsite.core.statements import fetch_rows

OUR_APPS: Final = frozenset(
    {
        *("accounts", "audit", "conversations", "exports", "figures", "inbox", "leads", "monitoring", "privacy"),
        *("webhooks", "whatsapp"),
    }
)


class EarlierDatabase(Exception):
    """The tables were created by another version, usually an earlier one. The message says what to do."""


def is_newer() -> bool:
    """Return whether a newer release has migrated the database: it has all of our migrations, and others. During an
    upgrade and after going back this version runs on its tables (docs/architecture.md, "Migrations of a released
    version").

    Raise EarlierDatabase where it has others in place of some of ours, by name or content; Django's OperationalError
    where it does not answer.
    """
    loader = MigrationLoader(connection)
    applied, ours = (
        {key for key in found if key[0] in OUR_APPS} for found in (loader.applied_migrations, loader.disk_migrations)
    )
    if (applied - ours and ours - applied) or not is_known(noted_digests(), loader.applied_migrations):
        raise EarlierDatabase(_advice())
    return bool(applied - ours)


def note_digests() -> None:
    """Note which migrations are about to be applied. Before they are: one that is killed meanwhile was noted, too."""
    loader = MigrationLoader(connection)
    noted = noted_digests()
    pending = {_name(key): digest for key, digest in _digests().items() if key not in loader.applied_migrations}
    if pending.items() <= noted.items():
        return
    MigrationRecorder(connection).ensure_schema()
    write_digests(noted | pending)


def write_digests(noted: Mapping[str, str]) -> None:
    # COMMENT takes no parameters.
    literal = sql.Literal(json.dumps(noted)).as_string()
    fetch_rows(f"COMMENT ON TABLE django_migrations IS {literal}")


def noted_digests() -> dict[str, str]:
    """The digests of the migrations that made the tables, by app.name; none where somebody has written another comment
    over them.
    """
    ((comment,),) = fetch_rows("SELECT obj_description(to_regclass('django_migrations'), 'pg_class')")
    with suppress(ValueError):
        if isinstance(noted := json.loads(comment or "{}"), dict):
            return noted
    return {}


def is_known(noted: Mapping[str, str], applied: Iterable[tuple[str, str]]) -> bool:
    """Whether those of the applied migrations that this version has, too, had the same content."""
    ours = _digests()
    return all(noted.get(_name(key)) == ours[key] for key in applied if key in ours)


@cache
def _digests() -> dict[tuple[str, str], str]:
    """Of each of our migrations: its file, and the frozen SQL that it runs."""
    migrations = MigrationLoader(None).disk_migrations
    return {key: _digest(migration) for key, migration in migrations.items() if key[0] in OUR_APPS}


def _digest(migration: Migration) -> str:
    path = Path(str(sys.modules[type(migration).__module__].__file__))
    files = [path, *sorted((path.parent / "sql" / path.stem).glob("*.sql"))]
    return hashlib.sha256(b"".join(file.name.encode() + file.read_bytes() for file in files)).hexdigest()[:16]


def _name(key: tuple[str, str]) -> str:
    return ".".join(key)


def _advice() -> str:
    problem = "from an earlier version of leadsite, whose tables this version cannot use"
    if not settings.EMBEDDED_POSTGRES:
        return f"The database is {problem}: set DATABASE_URL to an empty one and run again."
    data = settings.DATA_DIR
    shown = data.relative_to(settings.BASE_DIR) if data.is_relative_to(settings.BASE_DIR) else data
    return f"The data in {shown}/ is {problem}: move it away (mv {shown} {shown}.old) and run again."
