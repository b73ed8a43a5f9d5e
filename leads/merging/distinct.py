"""Services by which somebody says that two customers are not the same person, and takes it back."""

from uuid import UUID

from django.db import transaction

from conversations.models import Customer
from leads.merging.services import GONE, SAME, MergeRefused
from leads.models import DistinctPair
from leads.models.distinct import ordered
from leadsite.core.transactions import end_if_idle, retried


@retried(operation="tell customers apart")
def tell_apart(*, user_id: UUID, ids: tuple[UUID, UUID], person_id: UUID | None) -> bool:
    """Store that two customers are not the same person; return whether nobody has said so before.

    Opens the transaction. Locks: both customers in the lock order. Raises MergeRefused, django.db.Error.
    """
    if ids[0] == ids[1]:
        raise MergeRefused(SAME)
    # A merge or an erasure of either locks the customers first: who comes second finds that a customer is gone.
    with transaction.atomic():
        end_if_idle()
        locked = Customer.objects.lock(ids)
        if len(locked) != 2 or {customer.user_id for customer in locked} != {user_id}:
            raise MergeRefused(GONE)
        return DistinctPair.objects.say(*locked, person_id=person_id)


def take_back(*, user_id: UUID, ids: tuple[UUID, UUID]) -> bool:
    """Forget that two are not the same person; return whether somebody had said so. Raises django.db.Error."""
    first_id, second_id = ordered(*ids)
    pair = DistinctPair.objects.filter(user_id=user_id, first_id=first_id, second_id=second_id)
    return bool(pair.delete()[0])
