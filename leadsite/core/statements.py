"""Raw SQL statements, and what the ORM has no words for."""

from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import BooleanField, Exists, Func, QuerySet, Value

from leadsite.core.arrays import array
from leadsite.core.postgresql.base import DatabaseWrapper, Parameters


def fetch_rows(statement: str, parameters: Parameters = (), *, using: str = DEFAULT_DB_ALIAS) -> list[tuple[Any, ...]]:
    """Execute one statement and return its rows, if it returns any. Raises django.db.Error."""
    return cast(DatabaseWrapper, connections[using]).rows(statement, parameters)


class IsAnyOf(Func):
    """For filter() and exclude(), as `pk__in` with a list that may be long: any number of ids as one parameter. With
    `__in` each id is one, and a statement has at most 65,535.
    """

    template = "(%(expressions)s::uuid[]))"
    arg_joiner = " = ANY ("
    output_field = BooleanField()

    def __init__(self, name: str, ids: Iterable[UUID | str]) -> None:
        super().__init__(name, Value(array(ids)))


class ExistsByIndex(Exists):
    """Exists as one look-up for each row. Without OFFSET 0 PostgreSQL may read the whole other table into a hash table,
    for a page of fifty rows too: right after a large import, while it has no statistics.
    """

    template = "EXISTS(%(subquery)s OFFSET 0)"


def delete_rows(rows: QuerySet[Any]) -> int:
    """Delete rows by one statement; return how many. Django's delete() runs one for each hundred, and queries for
    references, which the foreign keys check anyway. Raises django.db.Error.
    """
    return int(rows._raw_delete(rows.db) or 0)
