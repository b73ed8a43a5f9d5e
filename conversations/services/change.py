"""Service that changes conversations."""

from uuid import UUID

import psycopg
from django.db import IntegrityError, transaction
from django.utils import timezone

from conversations.models import Conversation, Customer
from leadsite.core.transactions import retried


class ConversationRefused(Exception):
    """The change is not allowed; nothing was written."""


class UnknownConversation(ConversationRefused):
    """The business has no such conversation."""


class AnotherActive(ConversationRefused):
    """The customer has another active conversation, and can have one only."""


def change_conversation(*, user_id: UUID, conversation_id: UUID, status: str) -> Conversation:
    """Set the status of a conversation and return it. Opens the transaction.

    Raises UnknownConversation, AnotherActive; django.db.Error.
    """
    try:
        return _change_conversation(user_id, conversation_id, status)
    except IntegrityError as error:
        cause = error.__cause__
        if isinstance(cause, psycopg.Error) and cause.diag.constraint_name == "conversations_one_active":
            raise AnotherActive("This customer has another active conversation: complete that one first.") from error
        raise


@retried
def _change_conversation(user_id: UUID, conversation_id: UUID, status: str) -> Conversation:
    # The customer may write at the same moment: the lock of the customer's row orders closing and reopening.
    with transaction.atomic():
        mine = Customer.objects.filter(user_id=user_id, conversations=conversation_id)
        if not list(mine.select_for_update(of=("self",)).values_list("pk")):
            raise UnknownConversation("There is no such conversation.")
        Conversation.objects.filter(pk=conversation_id).exclude(status=status).update(
            status=status, updated_at=timezone.now()
        )
        return Conversation.objects.select_related("customer").get(pk=conversation_id)
