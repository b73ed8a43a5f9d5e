"""Customers of rows that were found without a lock."""

from uuid import UUID

import pytest
from django.db import transaction

from conversations.models import Conversation, Customer
from conversations.services.locking import lock_customers_of
from leads.merging.services import merge, undo_merge
from leadsite.core.transactions import ConcurrentChange
from tests.factories import Business


def found_now() -> dict[UUID, UUID]:
    return dict(Conversation.objects.values_list("pk", "customer"))


def test_customers_are_locked_whose_rows_are_still_theirs(owner: Business):
    for _ in range(2):
        owner.has_lead()
    with transaction.atomic():
        locked = lock_customers_of(Conversation, "customer", found_now())
    assert locked == {customer.pk: customer for customer in Customer.objects.all()}


def test_a_merge_or_its_undo_meanwhile_makes_the_transaction_begin_again(owner: Business):
    source, target = (owner.has_lead(customer_phone=f"+491512344000{n}") for n in (1, 2))
    # Two conversations stay two.
    Conversation.objects.filter(pk=source.conversation_id).update(status="completed")
    before = found_now()
    ids = {"source_id": before[source.conversation_id], "target_id": before[target.conversation_id]}

    merged = merge(user_id=owner.id, person_id=None, **ids)
    merged_rows = found_now()
    assert set(merged_rows.values()) == {ids["target_id"]}
    with pytest.raises(ConcurrentChange), transaction.atomic():
        lock_customers_of(Conversation, "customer", before)

    undo_merge(user_id=owner.id, merge_id=merged.pk)
    assert found_now() == before
    # Here the customers are all that were found: only a row tells.
    with pytest.raises(ConcurrentChange), transaction.atomic():
        lock_customers_of(Conversation, "customer", merged_rows)
