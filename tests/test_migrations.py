"""Migrations of a released version lock no table for longer than a moment, and the release before can run on them."""

from typing import Any

import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from tests.online_migrations import incompatible_operations, locking_operations
from tests.test_architecture import ALLOWED

# Those of the first release: they create the tables.
FIRST = ("0001_initial", "0002_functions")
INDEX = models.Index(fields=["status"], name="leads_by_status")
CHECK = models.CheckConstraint(condition=models.Q(status="new"), name="leads_status_valid")
UNIQUE = models.UniqueConstraint(fields=["status"], name="leads_status_unique")
TABLE = migrations.CreateModel("Lead", [("id", models.BigAutoField(primary_key=True))])


def migration(*operations: Any, atomic: bool = True, **more: str) -> migrations.Migration:
    attributes = {"operations": list(operations), "atomic": atomic} | more
    made: migrations.Migration = type("Migration", (migrations.Migration,), attributes)("0003_made", "leads")
    return made


def later_migrations(loader: MigrationLoader) -> list[migrations.Migration]:
    ours = {name.rpartition(".")[2] for name in ALLOWED}
    return [one for (app, name), one in loader.disk_migrations.items() if app in ours and name not in FIRST]


def test_later_migrations_lock_no_table_for_long() -> None:
    later = later_migrations(MigrationLoader(None))
    assert [(one.app_label, one.name, problem) for one in later for problem in locking_operations(one)] == []


@pytest.mark.django_db
def test_the_release_before_runs_on_later_migrations() -> None:
    loader = MigrationLoader(None)
    found = [
        (one.app_label, one.name, problem)
        for one in later_migrations(loader)
        for problem in incompatible_operations(one, loader.project_state((one.app_label, one.name), at_end=False))
    ]
    assert found == []


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


def of_leads() -> ProjectState:
    return MigrationLoader(None).project_state(("leads", FIRST[1]))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (migrations.AddField("lead", "score", models.IntegerField(default=0)), "NOT NULL"),
        (migrations.AlterField("lead", "first_message_id", models.UUIDField()), "NOT NULL"),
        (migrations.RemoveField("lead", "details"), "DROPPING columns"),
        (migrations.RenameField("lead", "details", "words"), "RENAMING columns"),
        (migrations.AlterModelTable("lead", "people"), "RENAMING tables"),
        (migrations.AlterField("lead", "details", models.IntegerField()), "ALTERING columns"),
        (migrations.DeleteModel("ImportChange"), "DROPPING table"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_release_before_cannot_live_with_is_named(operation: Any, words: str) -> None:
    (problem,) = incompatible_operations(migration(operation), of_leads())
    assert words in problem


@pytest.mark.django_db
@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("lead", "score", models.IntegerField(null=True)),
        migrations.AddField("lead", "score", models.IntegerField(db_default=0)),
        migrations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True)), ("text", models.TextField())]),
        AddConstraintNotValid("lead", CHECK),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_it_does_not_notice_is_allowed(operation: Any) -> None:
    assert incompatible_operations(migration(operation), of_leads()) == []


@pytest.mark.django_db
def test_a_migration_may_drop_what_an_earlier_release_stopped_using() -> None:
    contracting = migration(migrations.RemoveField("lead", "details"), unused_since="1.2")
    assert incompatible_operations(contracting, of_leads()) == []
