"""Services that compute since when customers wait for an answer. Caller holds the transaction."""

from collections.abc import Collection
from uuid import UUID

from conversations.models import Conversation, Customer
from leadsite.core import clock


def update_waiting(*, conversation_ids: Collection[UUID]) -> None:
    """Set `waiting_since` of conversations in which a message of the business has failed, or is sent after all.

    No statement where there are none, otherwise two. Locks the customers without waiting: callers that know them
    beforehand have locked them before any message. Raises django.db.Error; among them an OperationalError where another
    transaction has locked a customer:
    the caller repeats the transaction.
    """
    if not conversation_ids:
        return
    Customer.objects.lock_owners(conversation_ids)
    # A separate statement: it sees what was committed by those who had locked the customers before.
    Conversation.objects.set_waiting(conversation_ids)


def note_status(*, conversation: Conversation) -> None:
    """Staff have changed the status: completing or archiving ends the customer's wait, and reopening takes that back.

    Sets handled_at and waiting_since, in the row and in `conversation`. The customer is locked. Raises
    django.db.Error.
    """
    conversation.handled_at = None if conversation.status == Conversation.Status.ACTIVE else clock.now()
    conversation.save(update_fields=["handled_at"])
    Conversation.objects.set_waiting([conversation.pk])
    conversation.refresh_from_db(fields=["waiting_since"])
