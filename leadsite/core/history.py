"""Whether the database's tables are those that the migrations of this version go on from."""

from typing import Final

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

OUR_APPS: Final = frozenset({"accounts", "conversations", "leads", "webhooks", "whatsapp"})


class EarlierDatabase(Exception):
    """The tables are those of another version, an earlier one as a rule. The message says what to do."""


def check_history() -> None:
    """Raises EarlierDatabase where the database has had migrations of ours that this version does not know; Django's
    OperationalError where it does not answer.
    """
    loader = MigrationLoader(connection)
    unknown = loader.applied_migrations.keys() - loader.disk_migrations.keys()
    if any(app in OUR_APPS for app, _ in unknown):
        raise EarlierDatabase(_advice())


def _advice() -> str:
    problem = "of an earlier leadsite, whose tables this version cannot take over"
    if not settings.EMBEDDED_POSTGRES:
        return f"The database is {problem}: set DATABASE_URL to an empty one and run again."
    data = settings.DATA_DIR
    shown = data.relative_to(settings.BASE_DIR) if data.is_relative_to(settings.BASE_DIR) else data
    return f"The data in {shown}/ is {problem}: move it away (mv {shown} {shown}.old) and run again."
