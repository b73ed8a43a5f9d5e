"""Compares the migrations that the database has with those of this version."""

from typing import Final

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

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

    Raise EarlierDatabase where it has others in place of some of ours; Django's OperationalError where it does not
    answer.
    """
    loader = MigrationLoader(connection)
    applied, ours = (
        {(app, name) for app, name in found if app in OUR_APPS}
        for found in (loader.applied_migrations, loader.disk_migrations)
    )
    if not applied - ours:
        return False
    if ours - applied:
        raise EarlierDatabase(_advice())
    return True


def _advice() -> str:
    problem = "from an earlier version of leadsite, whose tables this version cannot use"
    if not settings.EMBEDDED_POSTGRES:
        return f"The database is {problem}: set DATABASE_URL to an empty one and run again."
    data = settings.DATA_DIR
    shown = data.relative_to(settings.BASE_DIR) if data.is_relative_to(settings.BASE_DIR) else data
    return f"The data in {shown}/ is {problem}: move it away (mv {shown} {shown}.old) and run again."
