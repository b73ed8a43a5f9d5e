"""Raw SQL statements, and what the ORM has no words for."""

from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, transaction
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


def delete_in_batches(rows: QuerySet[Any], *, size: int, key: str = "pk", by: str = "") -> int:
    """Delete rows in batches of up to `size`, each in its own transaction; return how many.

    `key`: a column that is unique among the rows; `by`: one that an index leads with, if not the key. Each batch begins
    where the last one has ended: rows in front that stay are read once, and so are index entries of those that are
    deleted, which stay until a VACUUM, and for as long as any transaction is open that began before. Rows that are
    locked are left to the next call. Raises django.db.Error.
    """
    by = by or key
    ordered = rows.order_by(by).select_for_update(skip_locked=True).values_list(by, key)
    # They are locked: with the conditions too PostgreSQL might read all rows again that fulfil them.
    named = rows.model._base_manager.all() if key == "pk" else rows
    deleted, found = 0, ordered[:size]
    while True:
        # Locking also reads the present state of a row that somebody is changing. In short transactions: a long one
        # would hold its locks, and hold back VACUUM, until its end.
        with transaction.atomic():
            batch = list(found)
            if batch:
                deleted += delete_rows(named.filter(**{f"{key}__in": [row[1] for row in batch]}))
        if len(batch) < size:
            return deleted
        # Rows that have the same value are found again unless they are deleted.
        found = ordered.filter(**{f"{by}__gte": batch[-1][0]})[:size]
