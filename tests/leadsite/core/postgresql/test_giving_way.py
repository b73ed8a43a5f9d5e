"""A request that meets a lock gives way, as long as nothing of it is stored."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from conversations.models import Customer
from leads.services.create import create_lead
from leads.services.rules import NewLead
from leadsite.core.postgresql.giving_way import GiveWay, giving_way, is_last_try
from tests.factories import Business
from tests.sessions import lock_customer, session

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = "+4915123456789"
LEAD = NewLead(customer_phone=PHONE, customer_name="Ann", type="order")


@pytest.fixture
def other(owner: Business) -> Iterator[psycopg.Connection]:
    """Another session that has locked the customer."""
    create_lead(user_id=owner.id, lead=LEAD, source="api")
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '10ms'")
    with session() as other:
        lock_customer(other, owner.id, PHONE)
        yield other
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")


def create(owner: Business) -> None:
    create_lead(user_id=owner.id, lead=LEAD, source="api")


def test_a_locked_customer_ends_the_request_and_names_the_row(owner: Business, other: psycopg.Connection) -> None:
    found = other.execute("SELECT ctid::text FROM customers").fetchone()
    assert found is not None
    with pytest.raises(GiveWay) as raised, giving_way(allowed=True):
        create(owner)
    assert raised.value.lock == f'{found[0]} "customers"'
    assert not connection.in_atomic_block
    other.rollback()
    create(owner)


def test_a_locked_table_has_no_name(owner: Business, other: psycopg.Connection) -> None:
    other.rollback()
    other.execute("LOCK TABLE customers")
    with pytest.raises(GiveWay) as raised, giving_way(allowed=True):
        Customer.objects.count()
    assert raised.value.lock == ""


def test_what_is_committed_is_not_begun_again(owner: Business, other: psycopg.Connection) -> None:
    with giving_way(allowed=True):
        with transaction.atomic():
            owner.user.save()
        with pytest.raises(OperationalError):
            create(owner)


def test_a_rolled_back_transaction_does_not_count(owner: Business, other: psycopg.Connection) -> None:
    def rolled_back_and_create() -> None:
        with transaction.atomic():
            owner.user.save()
            transaction.set_rollback(True)
        create(owner)

    with pytest.raises(GiveWay), giving_way(allowed=True):
        rolled_back_and_create()


def test_the_last_try_waits_once(owner: Business, other: psycopg.Connection) -> None:
    with giving_way(allowed=False):
        assert is_last_try()
        with pytest.raises(OperationalError) as raised:
            create(owner)
    assert raised.value.__dict__["attempt"] == 1
    assert not is_last_try()


def test_outside_of_the_web_server_transactions_are_repeated(owner: Business, other: psycopg.Connection) -> None:
    with pytest.raises(OperationalError) as raised:
        create(owner)
    assert raised.value.__dict__["attempt"] == 4


def test_other_errors_stay_errors(owner: Business) -> None:
    with pytest.raises(OperationalError), giving_way(allowed=True), connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '10ms'; SELECT pg_sleep(10)")
    connection.close()
