"""SQL statements that are written by hand: executed at once, all rows read."""

from collections.abc import Sequence
from typing import Any, cast

from django.db import connection

from leadsite.core.postgresql.base import DatabaseWrapper


def fetch_rows(statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Execute one statement and return its rows; none where it returns none. Raises django.db.Error."""
    return cast(DatabaseWrapper, connection).rows(statement, parameters)
