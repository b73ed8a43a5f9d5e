"""Checks that the database's migrations are known to this version."""

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


def check_history() -> None:
    """Raise EarlierDatabase where migrations were applied that this version does not have; Django's OperationalError
    where the database does not answer.
    """
    loader = MigrationLoader(connection)
    unknown = loader.applied_migrations.keys() - loader.disk_migrations.keys()
    if any(app in OUR_APPS for app, _ in unknown):
        raise EarlierDatabase(_advice())


def _advice() -> str:
    problem = "from an earlier version of leadsite, whose tables this version cannot use"
    if not settings.EMBEDDED_POSTGRES:
        return f"The database is {problem}: set DATABASE_URL to an empty one and run again."
    data = settings.DATA_DIR
    shown = data.relative_to(settings.BASE_DIR) if data.is_relative_to(settings.BASE_DIR) else data
    return f"The data in {shown}/ is {problem}: move it away (mv {shown} {shown}.old) and run again."
