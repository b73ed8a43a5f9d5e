"""Customers of rows that were found without a lock."""

import pytest
from django.db import transaction

from conversations.models import Customer
from conversations.services.locking import lock_all
from leads.merging.services import merge
from leadsite.core.transactions import ConcurrentChange


def test_a_customer_who_was_merged_meanwhile_makes_the_transaction_begin_again(owner):
    source, target = (Customer.objects.create(user=owner.user, phone=f"+491512344000{n}") for n in (1, 2))
    with transaction.atomic():
        assert lock_all([target.pk, source.pk]) == {source.pk: source, target.pk: target}
    merge(user_id=owner.id, source_id=source.pk, target_id=target.pk, person_id=None)
    with pytest.raises(ConcurrentChange), transaction.atomic():
        lock_all({source.pk, target.pk})
