"""Customer.objects.upsert and lock: inserts, updates, names and the lock order."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from conversations.models import Customer
from tests.factories import Business

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
UNKNOWN_ID = UUID("00000000-0000-7000-8000-000000000000")
MEXICAN = ("+5215512345678", "+525512345678")


def test_it_creates_and_finds_customers_in_one_statement(owner: Business, django_assert_num_queries) -> None:
    Customer.objects.create(user=owner.user, phone="+1234567891", name="Jane")
    with django_assert_num_queries(1):
        found = Customer.objects.upsert(user_id=owner.id, customers=[("+1234567892", "Joe"), ("+1234567891", "Janet")])
    assert {key: customer.existed for key, customer in found.items()} == {"+1234567892": False, "+1234567891": True}
    rows = {customer.pk: (customer.phone, customer.name) for customer in Customer.objects.all()}
    assert rows == {found["+1234567892"].id: ("+1234567892", "Joe"), found["+1234567891"].id: ("+1234567891", "Janet")}


def test_the_last_of_two_spellings_of_one_number_is_used(owner: Business) -> None:
    found = Customer.objects.upsert(user_id=owner.id, customers=[(MEXICAN[0], "Juan"), (MEXICAN[1], "Juana")])
    assert list(found) == [MEXICAN[1]]
    customer = Customer.objects.get()
    assert (customer.phone, customer.name) == (MEXICAN[1], "Juana")


@pytest.mark.parametrize(
    ("before", "given", "replace", "after"),
    [
        ("Jane", "Janet", True, "Janet"),
        ("Jane", "Janet", False, "Jane"),
        ("", "Janet", False, ""),
        ("", "Janet", True, "Janet"),
        ("Jane", "", True, "Jane"),
        ("Jane", "Jane", True, "Jane"),
    ],
)
def test_a_name_replaces_another_unless_names_are_to_stay(owner, before, given, replace, after) -> None:
    Customer.objects.create(user=owner.user, phone="+1234567891", name=before)
    Customer.objects.update(updated_at=LONG_AGO)
    Customer.objects.upsert(user_id=owner.id, customers=[("+1234567891", given)], replace_names=replace)
    customer = Customer.objects.get()
    assert customer.name == after
    assert (customer.updated_at == LONG_AGO) == (before == after)


@pytest.mark.parametrize(("given", "after"), [("Janet", "Janet"), ("", "Jane"), ("Jane", "Jane")])
def test_a_customer_with_an_id_only_has_changed_where_the_name_has(owner, given, after) -> None:
    customer = Customer.objects.create(user=owner.user, whatsapp_user_id="DE.1", name="Jane")
    Customer.objects.update(updated_at=LONG_AGO)
    assert Customer.objects.upsert_by_user_id(user_id=owner.id, whatsapp_user_id="DE.1", name=given) == customer.pk
    customer.refresh_from_db()
    assert (customer.name, customer.updated_at == LONG_AGO) == (after, after == "Jane")


def test_customers_are_renamed_and_found_by_phone_key(owner: Business, stranger: Business) -> None:
    jane = Customer.objects.create(user=owner.user, phone="+1234567891", name="Jane")
    other = Customer.objects.create(user=stranger.user, phone="+1234567892", name="Jim")
    Customer.objects.rename({jane.pk: "Janet", other.pk: "Jimmy"})
    assert set(Customer.objects.values_list("name", flat=True)) == {"Janet", "Jimmy"}
    keys = ["+1234567891", "+1234567892", "+1234567893"]
    assert Customer.objects.known_phone_keys(user_id=owner.id, phone_keys=keys) == {"+1234567891"}


def test_an_unknown_business_is_refused_by_the_foreign_key(db: None) -> None:
    with pytest.raises(IntegrityError, match="customers_user_fk"), transaction.atomic():
        Customer.objects.upsert(user_id=UNKNOWN_ID, customers=[("+1234567891", "Jane")])


def test_locks_are_taken_by_phone_key_and_then_by_whatsapp_user_id(owner: Business) -> None:
    without_phone = Customer.objects.create(user=owner.user, whatsapp_user_id="DE.1")
    high = Customer.objects.create(user=owner.user, phone="+1234567892")
    low = Customer.objects.create(user=owner.user, phone="+1234567891")
    with transaction.atomic():
        assert Customer.objects.lock([without_phone.pk, high.pk, low.pk, UNKNOWN_ID]) == [low, high, without_phone]


def test_more_customers_are_locked_than_a_statement_can_have_parameters(owner: Business) -> None:
    jane = Customer.objects.create(user=owner.user, phone="+1234567891")
    with transaction.atomic():
        assert Customer.objects.lock([*(UUID(int=n) for n in range(70_000)), jane.pk]) == [jane]


def test_a_row_of_another_business_has_no_owner_to_lock(owner: Business, stranger: Business) -> None:
    lead = owner.has_lead()
    for its in ({"conversations": lead.conversation_id}, {"conversations__leads": lead.lead_id}):
        with transaction.atomic():
            assert Customer.objects.lock_owner_of(user_id=stranger.id, **its) is None
            assert Customer.objects.lock_owner_of(user_id=owner.id, **its) == Customer.objects.get()
