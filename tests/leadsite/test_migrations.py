"""Migrations go forward and back, and every .sql file is named by exactly one of them."""

import re
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

OURS = ("accounts", "conversations", "leads", "webhooks", "whatsapp")
SQL_NAME = re.compile(r'SQL / "([a-z0-9_]+\.sql)"')


def sql_files() -> list[Path]:
    return sorted(settings.BASE_DIR.glob("*/migrations/sql/*.sql")) + sorted(
        settings.BASE_DIR.glob("leadsite/*/migrations/sql/*.sql")
    )


def test_there_are_sql_files():
    assert len(sql_files()) >= 11


@pytest.mark.parametrize("file", sql_files(), ids=lambda file: f"{file.parts[-4]}/{file.name}")
def test_a_sql_file_is_named_by_exactly_one_migration(file):
    migrations = file.parent.parent.glob("0*.py")
    named = Counter(name for path in migrations for name in SQL_NAME.findall(path.read_text(encoding="utf-8")))
    assert named[file.name] == 1


@pytest.mark.parametrize("file", sql_files(), ids=lambda file: f"{file.parts[-4]}/{file.name}")
def test_a_function_opens_with_its_purpose_and_locks(file):
    text = file.read_text(encoding="utf-8")
    if "CREATE FUNCTION" in text:
        assert text.startswith("-- Purpose: ")
        assert "-- Locks: " in text


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
