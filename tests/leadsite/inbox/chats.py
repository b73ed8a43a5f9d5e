"""Chats for the tests of the inbox."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from conversations.models import Conversation, Message
from leadsite.inbox.access import Viewer
from tests.conversations.admin.rows import write
from tests.factories import Business


def viewer(business: Business) -> Viewer:
    return Viewer(business.user, business.id, may_write=True)


def chat_of(business: Business, name: str = "", **fields: Any) -> Conversation:
    named = {"customer_name": name} if name else {}
    return Conversation.objects.get(pk=business.has_lead(**named, **fields).conversation_id)


def asks(business: Business, name: str, text: str = "Hello", *, minutes_ago: float = 0) -> Conversation:
    """A chat in which a customer waits."""
    chat = chat_of(business, name)
    says(chat, text, at=timezone.now() - timedelta(minutes=minutes_ago))
    return chat


def says(chat: Conversation, text: str, *, at: datetime | None = None, **fields: Any) -> Message:
    """A message of the customer, with what its delivery changes of the conversation."""
    at = at or timezone.now()
    message = write(chat, text, sort_at=at, **fields)
    waiting = chat.waiting_since or at
    Conversation.objects.filter(pk=chat.pk).update(last_message_at=at, last_inbound_at=at, waiting_since=waiting)
    chat.refresh_from_db()
    return message


def answers(chat: Conversation, text: str, *, at: datetime | None = None, **fields: Any) -> Message:
    """A message of the business."""
    at = at or timezone.now()
    message = write(chat, text, sort_at=at, **({"direction": "out", "status": "sent"} | fields))
    Conversation.objects.filter(pk=chat.pk).update(last_message_at=at, waiting_since=None)
    chat.refresh_from_db()
    return message
