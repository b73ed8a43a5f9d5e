"""Why a message is not stored: the rules of sending, as exceptions, and those that the database checks."""

from typing import Any, Final

import psycopg


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


def refusal_of(error: Exception) -> MessageRefused | None:
    """Translate a database error into a domain error; None where the input did not cause it."""
    cause = error.__cause__
    if not isinstance(cause, psycopg.Error) or not (cause.sqlstate or "").startswith(("22", "23")):
        return None
    constraint = cause.diag.constraint_name or ""
    return MessageRefused(
        f"This breaks a rule: {constraint or cause.diag.message_primary}.", field=_FIELDS.get(constraint)
    )
