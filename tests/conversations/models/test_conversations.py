"""Deleted conversations: hidden by Conversation.objects; a customer may have an active one beside them."""

from django.db.models.functions import Now

from conversations.models import Conversation, Opening
from tests.factories import Business


def test_a_deleted_conversation_is_neither_joined_nor_reopened(owner: Business) -> None:
    made = owner.has_lead()
    deleted = Conversation.objects.get(pk=made.conversation_id)
    Conversation.objects.filter(pk=deleted.pk).update(deleted_at=Now())
    assert not Conversation.objects.newest_of([deleted.customer_id])
    opening = Opening(owner.id, deleted.customer_id)
    for _ in range(2):
        (opened,) = Conversation.objects.join_or_open([opening], reopen_completed=True)
    assert opened.id != deleted.pk
    assert Conversation.objects.get().pk == opened.id
    assert Conversation.all_objects.count() == 2
