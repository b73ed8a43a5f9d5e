"""Raw statements use Django's connection, transactions, exceptions and query log."""

from uuid import UUID

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import OuterRef
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Customer
from leads.models import Lead
from leadsite.core.arrays import array
from leadsite.core.statements import ExistsByIndex, IsAnyOf, fetch_rows
from tests.factories import Business

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
