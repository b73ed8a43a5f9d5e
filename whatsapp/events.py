"""What a delivery says, in our own words: the providers' dialects end here.

The readers (payloads.py for Meta, twilio.py for Twilio) make these; ingest.py turns them into rows.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Opens(StrEnum):
    """What a message may bring into being for a customer who has none of it."""

    LEAD = "lead"  # the customer wrote to the business: conversation and lead
    CONVERSATION = "conversation"  # the business wrote, an old thread, a group: a place for the row, nobody's wish
    NOTHING = "nothing"  # a notice of the provider's: it joins what is there


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The customer's side of a message: a phone number (E.164), a WhatsApp user id, or both; never neither."""

    phone: str | None
    whatsapp_user_id: str | None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEvent:
    """One message, in or out. `status` is for those that went out: sent, delivered, read or played."""

    channel: str  # the provider's id of the business's number
    customer: Party
    provider_id: str
    direction: str  # "in" or "out"
    kind: str
    content: str
    provider_time: datetime | None
    opens: Opens
    extras: dict[str, Any] = field(default_factory=dict)
    status: str = "received"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusEvent:
    """What became of a message that the business sent: sent, delivered, read, played or failed (with `error`)."""

    channel: str
    provider_id: str
    status: str
    provider_time: datetime | None
    error: str = ""
    callback_data: str = ""  # what we gave the provider along with the message: our own id of it
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveEvent:
    """A customer's phone number or WhatsApp user id changed from `former` to `now`."""

    channel: str
    former: Party
    now: Party
    provider_time: datetime | None


Event = MessageEvent | StatusEvent | MoveEvent


@dataclass(slots=True)
class Reading:
    """All that could be read of one delivery. `problems` says of each part that could not: where, and why."""

    events: list[Event] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Unreadable(Exception):
    """The body as a whole is not what the provider sends; says why."""
