"""Reads single values of the previous system: dates, ids, and its words for types, statuses and senders."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from conversations.models import Conversation, Message
from leads.models import Lead

_IN: Final = Message.Direction.IN.value
_OUT: Final = Message.Direction.OUT.value
_SENDERS: Final = {
    **dict.fromkeys(
        ("customer", "user", "client", "contact", "lead", "human", "visitor", "in", "inbound", "incoming", "received"),
        _IN,
    ),
    **dict.fromkeys(
        (
            *("bot", "assistant", "ai", "business", "agent", "admin", "staff", "owner", "model", "system"),
            *("out", "outbound", "outgoing", "sent"),
        ),
        _OUT,
    ),
}
_TYPES: Final = {
    **{value: value for value in Lead.Type.values},
    **dict.fromkeys(("purchase", "sale", "buy", "orders"), Lead.Type.ORDER.value),
    **dict.fromkeys(("appointment", "reservation", "meeting", "schedule", "bookings"), Lead.Type.BOOKING.value),
    **dict.fromkeys(
        ("enquiry", "question", "quote", "support", "lead", "general", "inquiries"), Lead.Type.INQUIRY.value
    ),
}
_LEAD_STATUSES: Final = {
    **{value: value for value in Lead.Status.values},
    **dict.fromkeys(("open", "pending"), Lead.Status.NEW.value),
    **dict.fromkeys(("in progress", "attempted to contact", "follow up"), Lead.Status.CONTACTED.value),
    **dict.fromkeys(("interested", "hot"), Lead.Status.QUALIFIED.value),
    **dict.fromkeys(("won", "closed won", "customer", "completed", "done"), Lead.Status.CONVERTED.value),
    **dict.fromkeys(("closed lost", "unqualified", "disqualified", "cancelled", "canceled"), Lead.Status.LOST.value),
}
_CONVERSATION_STATUSES: Final = {
    **{value: value for value in Conversation.Status.values},
    **dict.fromkeys(("open", "new", "ongoing", "pending"), Conversation.Status.ACTIVE.value),
    **dict.fromkeys(("closed", "resolved", "done", "inactive", "ended"), Conversation.Status.COMPLETED.value),
    **dict.fromkeys(("deleted", "spam", "blocked"), Conversation.Status.ARCHIVED.value),
}
# What the previous system wrote where it did not know the name.
_NO_NAMES: Final = frozenset({"unknown", "unknown customer", "n/a", "null", "none", "undefined", "whatsapp user"})
_MESSAGE_STATUSES: Final = {
    **{value: value for value in ("sent", "delivered", "read", "played", "failed")},
    "": "sent",
    "undelivered": "failed",
    "error": "failed",
    **dict.fromkeys(("queued", "sending", "pending", "scheduled", "accepted"), "failed"),
}
_UNSENT: Final = frozenset({"queued", "sending", "pending", "scheduled"})
_EARLIEST: Final = datetime(2009, 1, 1, tzinfo=UTC)  # the year of WhatsApp


class Read(NamedTuple):
    """A value in our words. `note`: what was changed, for the list of repaired rows; "" where nothing was."""

    value: str
    note: str = ""


def read_id(text: str) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def read_time(text: str, *, now: datetime) -> datetime | None:
    """Return the time of a cell, UTC where it has no zone; None where it is no time in the life of such a system."""
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
    except ValueError:
        return None
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    return time if _EARLIEST <= time <= now + timedelta(days=1) else None


def read_name(text: str) -> str:
    """Return the name, "" for the words that stood for none."""
    name = " ".join(text.split())
    return "" if name.lower() in _NO_NAMES else name


def read_sender(text: str) -> str | None:
    """Return in or out; None for an unknown word."""
    return _SENDERS.get(_word(text))


def read_type(text: str) -> Read:
    return _translated(text, _TYPES, Lead.Type.INQUIRY.value, "type")


def read_lead_status(text: str) -> Read:
    return _translated(text, _LEAD_STATUSES, Lead.Status.NEW.value, "status")


def read_conversation_status(text: str) -> Read:
    if not text.strip():
        return Read(Conversation.Status.ACTIVE.value)
    return _translated(text, _CONVERSATION_STATUSES, Conversation.Status.COMPLETED.value, "status")


def read_message_status(text: str) -> tuple[str, str]:
    """Return the status of an outgoing message and its error. One that waited to be sent must never be sent again."""
    word = _word(text)
    status = _MESSAGE_STATUSES.get(word, "sent")
    error = "The previous system had not sent it." if word in _UNSENT else ""
    return status, error


def _translated(text: str, words: dict[str, str], default: str, field: str) -> Read:
    word = _word(text)
    if not word:
        return Read(default)
    value = words.get(word)
    if value == word:
        return Read(value)
    if value is not None:
        return Read(value, f"the {field} “{text}” became {value}")
    return Read(default, f"the {field} “{text}” is unknown here and became {default}")


def _word(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.strip().lower())
