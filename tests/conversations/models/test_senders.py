"""Customers that deliveries write: a row of which nothing new is said is locked and stays as it is."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from conversations.customer_rows import CustomerRow
from conversations.models import Customer
from tests.cases import each_case
from tests.factories import Business
from tests.sessions import session

PHONE = "+1234567891"
LONG_AGO, NOON = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 11, 30, 12, tzinfo=UTC)
STORED = {"name": "Jane", "profile_name": "Jane", "profile_name_at": NOON, "identified_at": NOON}
LATER = NOON.replace(hour=13)


def row(owner: Business, **given: Any) -> CustomerRow:
    columns: dict[str, Any] = dict.fromkeys(("phone", "whatsapp_user_id", "name", "name_at", "identified_at"))
    return CustomerRow(user_id=owner.id, known=None, **columns | given)


@each_case(
    "given, is_new",
    [
        ({}, False),
        ({"whatsapp_user_id": "DE.1"}, False),
        ({"whatsapp_user_id": "DE.9"}, False),
        ({"name": "Janet", "name_at": LATER, "identified_at": LONG_AGO}, False),
        ({"name": "Janet", "name_at": LONG_AGO}, True),
        ({"identified_at": LATER}, True),
    ],
)
def test_a_row_is_written_where_something_new_is_said(owner: Business, given: dict[str, Any], is_new: bool) -> None:
    customer = Customer.objects.create(user=owner.user, phone=PHONE, whatsapp_user_id="DE.1", **STORED)
    Customer.objects.update(updated_at=LONG_AGO)
    rows = {(owner.id, PHONE): row(owner, phone=PHONE, **given)}
    assert Customer.objects.write_by_phone(rows) == {(owner.id, PHONE): (customer.pk, PHONE, "DE.1")}
    customer.refresh_from_db()
    assert (customer.updated_at > LONG_AGO) == is_new


def test_new_and_stored_customers_are_returned_together(owner: Business) -> None:
    stored = Customer.objects.create(user=owner.user, whatsapp_user_id="DE.1")
    rows = {(owner.id, id_): row(owner, whatsapp_user_id=id_) for id_ in ("DE.1", "DE.2")}
    written = Customer.objects.write_by_id(rows)
    new = Customer.objects.exclude(pk=stored.pk).get()
    assert written == {(owner.id, "DE.1"): (stored.pk, None, "DE.1"), (owner.id, "DE.2"): (new.pk, None, "DE.2")}
    assert Customer.objects.write_by_phone({}) == {}


@pytest.mark.django_db(transaction=True)
def test_a_row_that_stays_as_it_is_is_locked(owner: Business) -> None:
    Customer.objects.create(user=owner.user, phone=PHONE)
    with transaction.atomic(), session() as other:
        Customer.objects.write_by_phone({(owner.id, PHONE): row(owner, phone=PHONE)})
        assert other.execute("SELECT FROM customers FOR UPDATE SKIP LOCKED").rowcount == 0
