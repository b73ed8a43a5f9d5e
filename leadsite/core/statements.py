"""Executes raw SQL statements."""

from typing import Any, cast

from django.db import connection

from leadsite.core.postgresql.base import DatabaseWrapper, Parameters


def fetch_rows(statement: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
    """Execute one statement and return its rows, if it returns any. Raises django.db.Error."""
    return cast(DatabaseWrapper, connection).rows(statement, parameters)
