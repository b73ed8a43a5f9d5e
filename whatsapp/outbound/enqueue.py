"""The door for messages that go out: stored with their conversation, and with a lead where one is asked for, or not at
all. The worker sends them (outbox.py).
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import Error, connection

from conversations.models import Message
from conversations.services.change import UnknownConversation
from leads.services.rules import is_storable
from leadsite.core.transactions import attempts
from whatsapp.outbound.wakeup import wake_sender

TEXT: Final = "text"
TEMPLATE: Final = "template"
TEXT_MAX_LENGTH: Final = 4096  # Meta, Text messages: "maximum length: 4096 characters"


class MessageRefused(Exception):
    """The message breaks a rule; nothing was stored. `field` is the client's name of the field, or None."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class WindowClosed(MessageRefused):
    """The customer wrote last more than 24 hours ago, and settings want such text refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom the business names: a phone number (E.164) or a WhatsApp user id. A name that is not blank counts."""

    phone: str | None = None
    whatsapp_user_id: str | None = None
    customer_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The lead that comes with a message."""

    type: str
    details: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What is to be sent: a text, or a template as Meta takes it ({name, language: {code}, components})."""

    content: str
    template: dict[str, Any] | None = None

    @property
    def kind(self) -> str:
        return TEMPLATE if self.template else TEXT

    def document(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "content": self.content,
            "extras": {"template": self.template} if self.template else {},
        }


@dataclass(frozen=True, slots=True)
class Queued:
    message_id: UUID
    conversation_id: UUID
    lead_id: UUID | None
    is_window_open: bool
    status: str = field(default=Message.Status.QUEUED.value, init=False)


def send_message(*, user_id: UUID, to: Recipient, written: Written, wish: Wish | None = None) -> Queued:
    """Queue a message to a customer, with the lead `wish`. Opens the transaction.

    Without a lead the customer's newest conversation is joined, a completed one becoming active again; with one, the
    active conversation, or a new one is opened.

    Raises MessageRefused, WindowClosed; django.db.Error where the database is away or stayed locked.
    """
    if wish and not to.customer_name.strip():
        raise MessageRefused("A lead needs the customer's name.", field="customerName")
    lead = {"lead": asdict(wish) if wish else None}
    return _queue(user_id, asdict(to) | written.document() | lead, is_free_text=written.kind == TEXT)


def reply(*, user_id: UUID, conversation_id: UUID, written: Written) -> Queued:
    """Queue a message into a conversation. Opens the transaction.

    Raises UnknownConversation, and what send_message raises.
    """
    document = {"conversation_id": str(conversation_id)} | written.document()
    return _queue(user_id, document, is_free_text=written.kind == TEXT)


def _queue(user_id: UUID, document: dict[str, Any], *, is_free_text: bool) -> Queued:
    text = json.dumps(document)
    if not is_storable(document["content"]):
        raise MessageRefused("The text holds a character that cannot be sent (NUL or half of a pair).", field="message")
    try:
        for attempt in attempts():
            # Two may write to one new customer at this moment: queue_message takes the customer's row, so that the
            # second joins the conversation of the first. A refusal leaves the block and so undoes all.
            with attempt:
                queued = _insert(user_id, text)
                if is_free_text and settings.WHATSAPP_ENFORCE_WINDOW and not queued.is_window_open:
                    raise WindowClosed(
                        "The customer wrote last more than 24 hours ago, so WhatsApp takes only an approved template."
                        " Nothing was stored.",
                        field="message",
                    )
                wake_sender()
                return queued
        raise AssertionError("attempts() ended without a result or an exception")
    except Error as error:
        if refusal := _refusal(error):
            raise refusal from error
        raise


def _insert(user_id: UUID, document: str) -> Queued:
    """Caller holds the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT message_id, conversation_id, lead_id, is_window_open FROM queue_message(%s, %s::jsonb)",
            [user_id, document],
        )
        row = cursor.fetchone()
    if row is None:
        raise UnknownConversation("There is no such conversation.")
    return Queued(*row)


# The client's names of what the tables' constraints are about.
_FIELDS: Final = {
    "customers_phone_e164": "to",
    "customers_identified": "to",
    "customers_whatsapp_user_id_length": "to",
    "customers_name_length": "customerName",
    "leads_type_valid": "leadType",
    "leads_details_length": "details",
    "messages_content_length": "message",
}


def _refusal(error: Exception) -> MessageRefused | None:
    """What the database has against the message; None where the input is not to blame."""
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error) or not (cause.sqlstate or "").startswith(("22", "23")):
        return None
    constraint = cause.diag.constraint_name or ""
    return MessageRefused(
        f"This breaks a rule: {constraint or cause.diag.message_primary}.", field=_FIELDS.get(constraint)
    )
