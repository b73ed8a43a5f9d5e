"""Statements of imports use indexes and scan no whole table, whatever PostgreSQL's statistics say."""

from functools import partial

import pytest
from django.db import connection, transaction

from conversations.models import customers, openings
from leads.models import creation, lookups
from leads.services.file_rows import SKIP, check_rows
from leads.services.import_rows import import_leads
from leadsite.accounts.people.models import Rotation
from leadsite.core.transactions import INDEX_PLANS, set_locally
from tests.cases import each_case
from tests.factories import ORDER, Business
from tests.plans import TUPLES, assert_reads_no_whole_table, statements

pytestmark = pytest.mark.django_db

STATEMENTS = statements(lookups, creation, customers, openings)


def test_the_statements_are_found():
    assert {"_BY_EXTERNAL_ID", "_OF_CUSTOMERS", "_REWRITE", "_INSERT", "_UPSERT", "_JOIN_OR_OPEN"} <= set(STATEMENTS)


@pytest.fixture
def rows(owner: Business) -> None:
    """Files of some size, which PostgreSQL sees in any case: it may well read all of a table of one page or none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers (user_id, phone, name)"
            " SELECT %s, '+4915' || lpad(n::text, 9, '0'), 'Customer' FROM generate_series(1, 2000) AS n",
            [owner.id],
        )
        cursor.execute("INSERT INTO conversations (user_id, customer_id) SELECT user_id, id FROM customers")
        cursor.execute(
            "INSERT INTO leads (user_id, conversation_id, type, status, source)"
            " SELECT user_id, id, 'order', 'new', 'sql' FROM conversations"
        )
    Rotation.objects.create(business=owner.user)


@each_case("tuples", TUPLES.values())
@each_case("name", sorted(STATEMENTS))
def test_no_statement_scans_a_whole_table(rows: None, name: str, tuples: int) -> None:
    assert_reads_no_whole_table(STATEMENTS[name], tuples, prepare=partial(set_locally, **INDEX_PLANS))


def test_an_import_sets_the_planner_options(owner):
    with transaction.atomic(), connection.cursor() as cursor:
        import_leads(
            user_id=owner.id,
            rows=check_rows([ORDER], defaults={}),
            source="import",
            on_duplicate=SKIP,
            import_run_id=None,
        )
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY (%s)", [list(INDEX_PLANS)])
        assert dict(cursor.fetchall()) == INDEX_PLANS
