"""The rules for migrations of a released version: they lock no table for longer than a moment, and the release before
can run on the schema that they leave.

A plain CREATE INDEX takes a ShareLock: on a table of 300,000 leads nobody could write for 3.5 s, and longer on a larger
one. CREATE INDEX CONCURRENTLY waits for nobody. While an upgrade goes from one web server to the
next, the old code writes too: it knows no column that is new, and asks for each that is dropped. So a column is added
with a default in the database or without NOT NULL, and dropped by the release after the one that stopped using it
("expand and contract"). tests/test_migrations.py applies both rules to every migration after the first release.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
)
from django.db import connection, models
from django.db.migrations import AddConstraint, AddField, AddIndex, AlterField, CreateModel, Migration, RemoveIndex
from django.db.migrations.operations import AlterUniqueTogether, RunSQL, SeparateDatabaseAndState
from django.db.migrations.state import ProjectState
from django_migration_linter.sql_analyser.analyser import analyse_sql_statements
from django_migration_linter.sql_analyser.postgresql import PostgresqlAnalyser

_INDEX: Final = re.compile(r"\b(?:CREATE\s+(?:UNIQUE\s+)?|DROP\s+|RE)INDEX\b(?!\s+CONCURRENTLY)", re.IGNORECASE)
_CREATED: Final = re.compile(r"\bCREATE\s+(?:UNLOGGED\s+)?TABLE\b", re.IGNORECASE)

_LOCKS: Final = ("CREATE_INDEX", "CREATE_INDEX_EXCLUSIVE", "DROP_INDEX", "REINDEX", "ADD_UNIQUE")


def locking_operations(migration: Migration) -> list[str]:
    """Return what is wrong, a sentence for each operation that would lock a table while it reads or builds.

    Tables that the migration itself creates are empty, and may be built in any way.
    """
    operations = list(_in_database(migration.operations))
    new = {operation.name_lower for operation in operations if isinstance(operation, CreateModel)}
    problems = [
        problem
        for operation in operations
        if getattr(operation, "model_name_lower", "") not in new and (problem := _problem_of(operation))
    ]
    concurrent = any(isinstance(one, AddIndexConcurrently | RemoveIndexConcurrently) for one in operations)
    if concurrent and migration.atomic:
        problems.append("An index is built concurrently outside of a transaction only: set `atomic = False`.")
    return problems


def incompatible_operations(migration: Migration, before: ProjectState) -> list[str]:
    """Return what the release before could not live with, as django-migration-linter says it.

    `before`: the models before the migration. One that drops what no running code uses any more says so by its
    attribute `unused_since`, the version that stopped using it.
    """
    if getattr(migration, "unused_since", ""):
        return []
    with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
        migration.apply(before.clone(), editor, collect_sql=True)
    statements = [line for line in editor.collected_sql if not line.startswith("--")]
    # Locks are the other rule's.
    errors, *_ = analyse_sql_statements(PostgresqlAnalyser, statements, exclude_migration_tests=_LOCKS)
    return [error.message for error in errors]


def _in_database(operations: Iterable[Any]) -> Iterator[Any]:
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from _in_database(operation.database_operations)
        else:
            yield operation


def _problem_of(operation: Any) -> str:
    """Return a sentence; "" where nothing is locked for long."""
    if isinstance(operation, RunSQL):
        return _problem_of_sql(operation.sql)
    what = f"{type(operation).__name__} on {getattr(operation, 'model_name', 'a table')}"
    cure = _cure_of(operation)
    return f"{what}: {cure}" if cure else ""


def _cure_of(operation: Any) -> str:
    if isinstance(operation, AddIndexConcurrently | RemoveIndexConcurrently | AddConstraintNotValid):
        return ""
    if isinstance(operation, AddIndex | RemoveIndex):
        return f"use {type(operation).__name__}Concurrently (django.contrib.postgres.operations)."
    if isinstance(operation, AddConstraint) and isinstance(operation.constraint, models.CheckConstraint):
        return "use AddConstraintNotValid, and ValidateConstraint in the next migration."
    if isinstance(operation, AddConstraint | AlterUniqueTogether):
        return "create its unique index by RunSQL with CREATE UNIQUE INDEX CONCURRENTLY."
    if isinstance(operation, AddField | AlterField) and _has_index(operation.field):
        return f"declare the index of {operation.name} in Meta.indexes, and use AddIndexConcurrently."
    return ""


def _has_index(field: Any) -> bool:
    return bool(field.db_index or field.unique)


def _problem_of_sql(sql: Any) -> str:
    text = sql if isinstance(sql, str) else " ; ".join(part if isinstance(part, str) else part[0] for part in sql or ())
    found = None if _CREATED.search(text) else _INDEX.search(text)
    return f"RunSQL: {found[0]} needs CONCURRENTLY." if found else ""
