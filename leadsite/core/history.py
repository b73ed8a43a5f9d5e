"""Whether the database's tables are those that the migrations of this version go on from."""

from typing import Final

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

# The first needs the second. A database has one without the other only from before the migrations were rewritten.
_FUNCTIONS: Final = ("leads", "0002_functions")
_NEEDED: Final = ("conversations", "0002_functions")


class EarlierDatabase(Exception):
    """The tables are those of an earlier leadsite. The message tells a person what to do about it."""


def check_history() -> None:
    """Raises EarlierDatabase, and Django's OperationalError where the database does not answer."""
    applied = MigrationRecorder(connection).applied_migrations()
    if _FUNCTIONS in applied and _NEEDED not in applied:
        raise EarlierDatabase(_advice())


def _advice() -> str:
    problem = "of an earlier leadsite, whose tables this version cannot take over"
    if not settings.EMBEDDED_POSTGRES:
        return f"The database is {problem}: set DATABASE_URL to an empty one and run again."
    data = settings.DATA_DIR
    shown = data.relative_to(settings.BASE_DIR) if data.is_relative_to(settings.BASE_DIR) else data
    return f"The data in {shown}/ is {problem}: move it away (mv {shown} {shown}.old) and run again."
