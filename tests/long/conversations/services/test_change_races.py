"""A chat is changed while its customer is merged into another, by another process."""

import pytest
from django.db import transaction

from conversations.models import Conversation, Customer
from conversations.services.change import change_conversation
from leads.merging.services import merge, undo_merge
from tests.sessions import processes, session, waiting
from tests.site import until

PHONE = "+4915123456789"


def close_there(business, conversation_id):
    return change_conversation(
        user_id=business, conversation_id=conversation_id, changes={"status": "completed"}
    ).customer_id


@pytest.mark.django_db(transaction=True)
def test_a_chat_is_closed_while_its_customer_is_merged_and_while_that_is_undone(owner):
    conversation = owner.has_lead(customer_phone=PHONE).conversation_id
    source = Customer.objects.get()
    other = owner.has_lead(conversation_status="completed")
    target = Conversation.objects.get(pk=other.conversation_id).customer
    its = {"user_id": owner.id, "source_id": source.pk, "target_id": target.pk, "person_id": None}
    with processes(1) as pool, session() as observer:
        with transaction.atomic():
            done = merge(**its)
            closed = pool.submit(close_there, owner.id, conversation)
            until(lambda: waiting(observer) == 1)
        assert closed.result() == target.pk
        with transaction.atomic():
            undo_merge(user_id=owner.id, merge_id=done.pk)
            closed = pool.submit(close_there, owner.id, conversation)
            until(lambda: waiting(observer) == 1)
        assert closed.result() == source.pk
    assert Conversation.objects.get(pk=conversation).status == "completed"
