"""analyze_grown: which tables are analysed, and that it neither waits nor fails."""

from collections.abc import Iterator

import pytest
from django.db import transaction

from leadsite.core.statements import fetch_rows
from leadsite.core.table_statistics import analyze_grown
from tests.factories import Business
from tests.rows_scanned import analyze, with_autovacuum, without_autovacuum
from tests.sessions import session

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = ("customers", "leads")
FILL = """
    INSERT INTO customers (user_id, phone)
    SELECT %s, '+49151' || lpad((%s + n)::text, 8, '0') FROM generate_series(1, 2000) AS n
"""
NOBODY = "CREATE ROLE nobody_in_particular; GRANT SELECT ON customers TO nobody_in_particular"


@pytest.fixture(autouse=True)
def late_autovacuum() -> Iterator[None]:
    without_autovacuum(TABLES)
    analyze(TABLES)
    yield
    with_autovacuum(TABLES)


def test_a_table_is_analysed_when_it_has_grown_by_half(owner: Business) -> None:
    assert analyze_grown(TABLES) == []
    fetch_rows(FILL, [owner.id, 0])
    assert analyze_grown(TABLES) == ["customers"]
    assert analyze_grown(TABLES) == []
    assert rows_known() == 2000


def test_rows_of_the_callers_transaction_count(owner: Business) -> None:
    with transaction.atomic():
        fetch_rows(FILL, [owner.id, 0])
        assert analyze_grown(TABLES) == ["customers"]
        assert rows_known() == 2000


def test_a_locked_table_is_skipped_without_waiting(owner: Business) -> None:
    fetch_rows(FILL, [owner.id, 0])
    with session() as other:
        other.execute("LOCK TABLE customers IN SHARE ROW EXCLUSIVE MODE")
        analyze_grown(TABLES)
        assert rows_known() == 0


def test_a_role_that_does_not_own_the_tables_analyses_nothing_and_gets_no_error(owner: Business) -> None:
    fetch_rows(FILL, [owner.id, 0])
    with transaction.atomic():
        for statement in (*NOBODY.split("; "), "SET LOCAL ROLE nobody_in_particular"):
            fetch_rows(statement)
        analyze_grown(TABLES)
        fetch_rows("SELECT 1 FROM customers LIMIT 1")
        transaction.set_rollback(True)
    assert rows_known() == 0


def rows_known() -> int:
    ((rows,),) = fetch_rows("SELECT reltuples::bigint FROM pg_class WHERE relname = 'customers'")
    return int(rows)
