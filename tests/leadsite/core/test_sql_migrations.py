"""Migrations go forward and back, and put in force what the files of SQL say."""

import re

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from leadsite.core.sql_migrations import SUMS, drop, in_order, sums_of

APPS = sorted(settings.BASE_DIR.glob("*/sql")) + sorted(settings.BASE_DIR.glob("leadsite/*/sql"))
FILES = [path for folder in APPS for path in sorted(folder.glob("*.sql"))]


@pytest.mark.parametrize("folder", APPS, ids=lambda folder: folder.parent.name)
def test_no_frozen_copy_was_changed_afterwards(folder):
    copies = folder.parent / "migrations" / "sql"
    assert (copies / SUMS).read_text(encoding="utf-8") == sums_of(copies)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parts[-3]}/{file.name}")
def test_a_function_opens_with_its_purpose_and_locks(file):
    text = file.read_text(encoding="utf-8")
    assert text.startswith("-- Purpose: ")
    assert "-- Locks: " in text


def test_the_database_has_the_functions_as_the_files_say(db):
    before = catalogue()
    files = {file.stem: file.read_text(encoding="utf-8") for file in FILES}
    with connection.cursor() as cursor:
        for name in in_order(files):
            cursor.execute(files[name])
    assert catalogue() == before


def function(name: str, answer: int) -> str:
    return f"CREATE OR REPLACE FUNCTION {name}() RETURNS integer LANGUAGE sql RETURN {answer};\n"


def test_a_trigger_goes_before_its_function():
    text = function("one", 1) + "CREATE OR REPLACE TRIGGER t AFTER INSERT ON leads EXECUTE FUNCTION one();"
    assert drop(text) == "DROP TRIGGER t ON leads; DROP FUNCTION one;"


def test_functions_come_after_those_that_they_need():
    assert in_order({"a": "-- After: c, b", "b": "-- After: elsewhere", "c": ""})[-1] == "a"


def catalogue() -> set[tuple[str, ...]]:
    """Every table, column, constraint, index, function and trigger of ours, with its definition."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT 'constraint', conname::text, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT 'index', indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL SELECT 'function', proname::text, pg_get_functiondef(oid) FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace
            UNION ALL SELECT 'trigger', tgname::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
            UNION ALL SELECT 'column', table_name || '.' || column_name, data_type || coalesce(column_default, '')
            FROM information_schema.columns WHERE table_schema = 'public'
            """
        )
        return set(cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_migrations_go_back_to_nothing_and_forward_to_the_same():
    before = catalogue()
    try:
        for app in ("webhooks", "whatsapp", "leads", "conversations"):
            call_command("migrate", app, "zero", verbosity=0)
        left = {name for kind, name, _ in catalogue() if kind in ("function", "constraint")}
        assert not {
            name
            for name in left
            if name.startswith(("lead", "conversation", "customer", "channel", "create_", "webhook", "write_"))
        }
    finally:
        call_command("migrate", verbosity=0)
    assert catalogue() == before


def test_every_constraint_and_index_of_our_tables_has_a_name_of_ours(db):
    tables = ("customers", "conversations", "messages", "leads", "channels", "webhook_endpoints", "webhook_events")
    imports = ("import_runs", "import_refusals", "import_files")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT conname FROM pg_constraint WHERE conrelid::regclass::text = ANY(%(tables)s) AND contype <> 'n'
            UNION SELECT indexname FROM pg_indexes WHERE tablename = ANY(%(tables)s)
            """,
            {"tables": [*tables, *imports]},
        )
        names = [name for (name,) in cursor.fetchall()]
    # Django ends the names that it makes up with eight hexadecimal digits.
    assert not [name for name in names if re.search(r"_[0-9a-f]{8}(_|$)", name)]
