"""Rows of the previous system are read from its database, a real one beside the site's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from conversations.models import Conversation, Customer, Message
from leads.models import Lead
from tests.factories import Business
from tests.leads.importing.operator import CommandResult, run
from tests.leads.migrating.old_system import OldSystem
from tests.sessions import database_url, session

# As the previous system made them: its ids and times are no texts, and each user sees only their own rows.
TABLES = """
    CREATE TYPE status_of_lead AS ENUM ('new', 'contacted');
    CREATE TABLE conversations (id uuid PRIMARY KEY, user_id uuid, customer_phone text, status text,
                                created_at timestamptz, updated_at timestamptz);
    CREATE TABLE leads (id uuid PRIMARY KEY, user_id uuid, conversation_id uuid REFERENCES conversations, type text,
                        customer_name text, customer_phone text, details text, status status_of_lead,
                        created_at timestamptz);
    CREATE TABLE messages (id uuid PRIMARY KEY, conversation_id uuid, content text, sender text, timestamp timestamptz);
    CREATE TABLE knowledge_base (id uuid PRIMARY KEY, words text);
    CREATE SCHEMA crm;
    CREATE TABLE crm.leads (id int);
    INSERT INTO crm.leads VALUES (1);
    ALTER TABLE leads ENABLE ROW LEVEL SECURITY;
"""
READER = "reader_of_the_old_system"


@pytest.fixture
def old(transactional_db: None) -> OldSystem:
    system = OldSystem()
    first, second = system.conversation(), system.conversation("+4915199988877", status="archived")
    system.lead(first, details="Two lines\nand a 'quote'; back\\slash, \t\"tab\"", status="contacted")
    system.message(first, "\\N is no null")
    system.message(second, "", sender="bot")
    return system


@pytest.fixture
def old_database(old: OldSystem) -> Iterator[str]:
    """The address of its database, for the role that owns the tables."""
    name = f"{connection.settings_dict['NAME']}_of_the_previous_system"
    address = database_url().replace(connection.settings_dict["NAME"], name)
    with session() as server:
        server.autocommit = True
        server.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            with session(address) as database:
                database.execute(TABLES)
                for table, columns in old.columns.items():
                    with database.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()) as rows:
                        for cells in old.cells(table):
                            rows.write_row(cells)
                database.commit()
            yield address
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def migrate(owner: Business, source: Path | str) -> CommandResult:
    return run("import_supabase", source, "--user", owner.user.email)


def stored() -> list[list[Any]]:
    rows: list[list[Any]] = [
        sorted(Lead.objects.values_list("pk", "conversation_id", "details", "status", "created_at")),
        sorted(Message.objects.values_list("pk", "conversation_id", "content", "direction", "sort_at")),
        sorted(Conversation.objects.values_list("pk", "status", "customer__phone", "created_at", "updated_at")),
    ]
    for model in (Lead, Message, Conversation, Customer):
        model.objects.all().delete()
    return rows


def test_the_database_says_the_same_as_its_dump(owner, old, old_database, tmp_path):
    by_dump = migrate(owner, old.write(tmp_path / "old.sql"))
    of_dump = stored()
    by_address = migrate(owner, old_database)
    assert (by_dump.code, by_address.code) == (0, 0)
    assert by_address.summary["tables"] == by_dump.summary["tables"]
    assert stored() == of_dump
    assert [len(rows) for rows in of_dump] == [1, 2, 2]


def test_a_second_run_changes_nothing(owner, old_database):
    assert migrate(owner, old_database).code == 0
    again = migrate(owner, old_database)
    assert (again.code, again.summary["tables"]["leads"]["created"]) == (0, 0)
    assert Lead.objects.count() == 1


def test_rows_that_a_policy_hides_are_not_left_out_in_silence(owner, old_database):
    with session(old_database) as database:
        database.execute(f"CREATE ROLE {READER}".encode())
        database.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}".encode())
        database.commit()
    try:
        result = migrate(owner, as_reader(old_database))
        assert result.code == 2
        assert "row-level security" in result.error
        assert not Lead.objects.exists()
    finally:
        with session(old_database) as database:
            database.execute(f"DROP OWNED BY {READER}; DROP ROLE {READER}".encode())
            database.commit()


def as_reader(address: str) -> str:
    """The address with this role: not every server of the tests lets another log in."""
    return f"{address}{'' if address.endswith('?') else '&'}options=-c%20role%3D{READER}"


def test_an_address_that_does_not_answer_is_named_without_its_password(owner):
    result = migrate(owner, "postgresql://postgres:old-words@127.0.0.1:1/postgres")
    assert result.code == 2
    assert result.error.startswith("The old database cannot be read: connection")
    assert "old-words" not in result.error
