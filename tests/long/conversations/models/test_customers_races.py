"""Locks of customers that wait for another process."""

from uuid import UUID

import pytest
from django.db import transaction

from conversations.models import Conversation, Customer
from tests.factories import Business
from tests.sessions import processes, session, waiting
from tests.site import until


@pytest.mark.django_db(transaction=True)
def test_a_lock_that_waited_is_of_the_customer_who_has_the_conversation_then(owner: Business) -> None:
    """As after the undo of a merge: the first customer is still there, and the conversation is another's."""
    lead = owner.has_lead(customer_phone="+1234567891")
    first = Customer.objects.get()
    second = Customer.objects.create(user=owner.user, phone="+1234567892")
    with processes(1) as pool, session() as observer:
        with transaction.atomic():
            Customer.objects.filter(pk=first.pk).update(name="Jane")
            Conversation.objects.update(customer=second)
            locked = pool.submit(lock_there, owner.id, lead.conversation_id)
            until(lambda: waiting(observer) == 1)
        assert locked.result() == second.pk


def lock_there(business: UUID, conversation_id: UUID) -> UUID | None:
    with transaction.atomic():
        locked = Customer.objects.lock_owner_of(user_id=business, conversations=conversation_id)
        return locked.pk if locked else None
