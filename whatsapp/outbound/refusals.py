"""Why a message is not stored: the rules of sending, as exceptions, and those that the database checks."""

from typing import Any, Final
from uuid import UUID

import psycopg
from django.utils.translation import gettext_noop

from conversations.models import Message
from leads.services.rules import is_storable

TEXT_MAX_LENGTH: Final = 4096  # Meta, Text messages: "maximum length: 4096 characters"
OPTED_OUT: Final = gettext_noop(
    "The customer does not want marketing messages, and this template is one. Nothing was stored."
)
WINDOW_CLOSED: Final = gettext_noop(
    "The customer has not written to this number in the last 24 hours, so WhatsApp accepts only an approved"
    " template. Nothing was stored."
)
NOT_CONNECTED: Final = gettext_noop("This number is not connected any more. Choose another.")
ANSWERED: Final = gettext_noop("Somebody else has answered this customer in the meantime.")


class MessageRefused(Exception):
    """The message breaks a rule; nothing was stored. `field` is the name of the client's field, or None."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class WindowClosed(MessageRefused):
    """The customer has not written to the number in 24 hours, and WHATSAPP_ENFORCE_WINDOW is on."""


class OptedOut(MessageRefused):
    """The template is marketing, and the customer has opted out of marketing."""


class AnsweredMeanwhile(MessageRefused):
    """Somebody else has answered the customer since the writer's page was loaded. `answer`: that message."""

    def __init__(self, message: str, *, answer: Any) -> None:
        super().__init__(message)
        self.answer = answer


# Constraint -> the client's field.
_FIELDS: Final = {
    "customers_phone_e164": "to",
    "customers_identified": "to",
    "customers_whatsapp_user_id_length": "to",
    "customers_name_length": "customerName",
    "leads_type_valid": "leadType",
    "leads_details_length": "details",
    "messages_content_length": "message",
}


def check_unanswered(conversation_id: UUID, seen_id: UUID) -> None:
    """Raises AnsweredMeanwhile where the business has answered since this message was the newest. Caller holds the
    transaction and has locked the customer.
    """
    if answer := Message.objects.answer_after(conversation_id, seen_id):
        raise AnsweredMeanwhile(ANSWERED, answer=answer)


def check_text(text: str, *, is_needed: bool) -> None:
    """Raises MessageRefused for a text that nobody can send. `is_needed`: nothing else is sent."""
    if is_needed and not (text.strip() and len(text) <= TEXT_MAX_LENGTH):
        too_long = gettext_noop("A message has 1 to %(text_max_length)s characters.")
        raise MessageRefused(too_long % {"text_max_length": TEXT_MAX_LENGTH}, field="message")
    if not is_storable(text):
        not_sendable = gettext_noop("The text has a character that cannot be sent (NUL or a lone surrogate).")
        raise MessageRefused(not_sendable, field="message")


def refusal_of(error: Exception) -> MessageRefused | None:
    """Translate a database error into a domain error; None where the input did not cause it."""
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error) or not (cause.sqlstate or "").startswith(("22", "23")):
        return None
    constraint = cause.diag.constraint_name or ""
    return MessageRefused(
        f"This breaks a rule: {constraint or cause.diag.message_primary}.", field=_FIELDS.get(constraint)
    )
