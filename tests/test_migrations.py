"""Migrations of a released version lock no table for longer than a moment."""

from typing import Any

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader

from tests.online_migrations import locking_operations
from tests.test_architecture import ALLOWED

# Those of the first release: they create the tables.
FIRST = ("0001_initial", "0002_functions")
INDEX = models.Index(fields=["status"], name="leads_by_status")
CHECK = models.CheckConstraint(condition=models.Q(status="new"), name="leads_status_valid")
UNIQUE = models.UniqueConstraint(fields=["status"], name="leads_status_unique")
TABLE = migrations.CreateModel("Lead", [("id", models.BigAutoField(primary_key=True))])


def migration(*operations: Any, atomic: bool = True) -> migrations.Migration:
    attributes = {"operations": list(operations), "atomic": atomic}
    made: migrations.Migration = type("Migration", (migrations.Migration,), attributes)("0003_made", "leads")
    return made


def test_later_migrations_lock_no_table_for_long() -> None:
    ours = {name.rpartition(".")[2] for name in ALLOWED}
    later = [
        one for (app, name), one in MigrationLoader(None).disk_migrations.items() if app in ours and name not in FIRST
    ]
    assert [(one.app_label, one.name, problem) for one in later for problem in locking_operations(one)] == []


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (migrations.AddIndex("lead", INDEX), "use AddIndexConcurrently"),
        (migrations.RemoveIndex("lead", "leads_by_status"), "use RemoveIndexConcurrently"),
        (migrations.AddConstraint("lead", CHECK), "AddConstraintNotValid"),
        (migrations.AddConstraint("lead", UNIQUE), "CREATE UNIQUE INDEX CONCURRENTLY"),
        (migrations.AddField("lead", "score", models.IntegerField(null=True, db_index=True)), "the index of score"),
        (migrations.AlterField("lead", "score", models.IntegerField(unique=True)), "AddIndexConcurrently"),
        (migrations.RunSQL("CREATE INDEX leads_by_status ON leads (status)"), "needs CONCURRENTLY"),
        (migrations.RunSQL(["SELECT 1", ("create unique index i on leads (status)", None)]), "needs CONCURRENTLY"),
        (migrations.SeparateDatabaseAndState([migrations.AddIndex("lead", INDEX)]), "use AddIndexConcurrently"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_would_lock_a_table_is_named(operation: Any, words: str) -> None:
    (problem,) = locking_operations(migration(operation))
    assert words in problem


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("lead", "score", models.IntegerField(null=True)),
        migrations.SeparateDatabaseAndState(state_operations=[migrations.AddIndex("lead", INDEX)]),
        migrations.RunSQL("CREATE INDEX CONCURRENTLY leads_by_status ON leads (status)"),
        AddConstraintNotValid("lead", CHECK),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_locks_for_a_moment_is_allowed(operation: Any) -> None:
    assert locking_operations(migration(operation)) == []


@pytest.mark.parametrize(
    "operation", [AddIndexConcurrently("lead", INDEX), RemoveIndexConcurrently("lead", "leads_by_status")]
)
def test_a_concurrent_index_needs_a_migration_without_transaction(operation: Any) -> None:
    assert locking_operations(migration(operation, atomic=False)) == []
    (problem,) = locking_operations(migration(operation))
    assert "atomic = False" in problem


def test_a_new_table_is_built_in_any_way() -> None:
    assert locking_operations(migration(TABLE, migrations.AddIndex("lead", INDEX))) == []
