"""Raw statements use Django's connection, transactions, exceptions and query log."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import OuterRef
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Customer
from leads.models import Lead
from leadsite.core.arrays import array
from leadsite.core.statements import ExistsByIndex, IsAnyOf, delete_in_batches, fetch_rows
from leadsite.monitoring.models import FailedTransaction
from tests.factories import Business
from tests.sessions import session

pytestmark = pytest.mark.django_db


def test_text_that_cannot_be_stored_raises_data_error():
    with pytest.raises(DataError), transaction.atomic():
        fetch_rows("SELECT %s::text[]", [array(["a\0b"])])


def test_errors_are_djangos_and_the_next_statement_works():
    with pytest.raises(IntegrityError, match="customers_user_fk"), transaction.atomic():
        fetch_rows("INSERT INTO customers (user_id, phone) VALUES (%s, '+1234567890')", [UUID(int=1)])
    assert fetch_rows("SELECT 1") == [(1,)]


def test_it_uses_a_new_connection_and_is_counted():
    assert fetch_rows("SELECT 1") == [(1,)]
    with CaptureQueriesContext(connection) as queries:
        assert fetch_rows("CREATE TEMPORARY TABLE scratch ()") == []
    assert len(queries) == 1


@pytest.mark.django_db(transaction=True)
def test_it_survives_the_loss_of_its_connection():
    assert fetch_rows("SELECT 1") == [(1,)]
    connection.close()
    assert fetch_rows("SELECT 2") == [(2,)]


def test_rows_are_looked_for_one_by_one(owner: Business, stranger: Business):
    for business in (owner, stranger):
        business.has_lead()
    its = Conversation.objects.filter(customer=OuterRef("pk"), user=owner.id)
    assert Customer.objects.filter(ExistsByIndex(its)).get().user_id == owner.id
    assert Customer.objects.exclude(ExistsByIndex(its)).get().user_id == stranger.id
    # What PostgreSQL cannot take for a plain EXISTS, and so not turn into a hash table.
    assert "LIMIT 1 OFFSET 0)" in str(Customer.objects.filter(ExistsByIndex(its)).query)


def test_rows_are_chosen_and_left_out_by_more_ids_than_a_statement_has_parameters(owner: Business):
    one, other = (owner.has_lead().lead_id for _ in range(2))
    ids = [*(UUID(int=number) for number in range(70_000)), one]
    assert list(Lead.objects.filter(IsAnyOf("pk", ids)).values_list("pk", flat=True)) == [one]
    assert list(Lead.objects.exclude(IsAnyOf("pk", ids)).values_list("pk", flat=True)) == [other]
    assert not Lead.objects.filter(IsAnyOf("pk", [])).exists()


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def failures(*minutes: int) -> list[UUID]:
    """Rows of these minutes after noon, in this order."""
    for minute in minutes:
        FailedTransaction.objects.create(source="api", at=NOON + timedelta(minutes=minute))
    return list(FailedTransaction.objects.order_by("pk").values_list("pk", flat=True))


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7])
@pytest.mark.parametrize("by", ["", "at"])
def test_rows_are_deleted_in_batches_and_others_stay(size: int, by: str):
    ids = failures(5, 3, 3, 3, 1, 0, 9)
    rows = FailedTransaction.objects.exclude(pk=ids[2]).filter(at__lt=NOON + timedelta(minutes=9))
    with CaptureQueriesContext(connection) as queries:
        assert delete_in_batches(rows, size=size, by=by) == 5
    assert sum(query["sql"].startswith("DELETE") for query in queries) == -(-5 // size)
    assert list(FailedTransaction.objects.order_by("pk").values_list("pk", flat=True)) == [ids[2], ids[6]]


def test_each_batch_begins_where_the_last_one_has_ended():
    failures(1, 2, 3)
    before = 0

    def appears(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal before
        if sql.startswith("DELETE") and not before:
            before = 1
            failures(0)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(appears):
        assert delete_in_batches(FailedTransaction.objects.all(), size=1, by="at") == 3
    assert FailedTransaction.objects.get().at == NOON


@pytest.mark.django_db(transaction=True)
def test_rows_that_are_locked_are_left_to_the_next_call():
    ids = failures(1, 2, 3, 4)
    with session() as other:
        other.execute("SELECT FROM failed_transactions WHERE id = ANY (%s) FOR UPDATE", [ids[:2]])
        assert delete_in_batches(FailedTransaction.objects.all(), size=1) == 2
    assert delete_in_batches(FailedTransaction.objects.all(), size=1) == 2
