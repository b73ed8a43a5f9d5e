"""What a delivery says, in our own words: the providers' dialects end here.

The readers (payloads.py for Meta, twilio.py for Twilio) make these; ingest.py turns them into rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

STATUS_ERROR_MAX_LENGTH: Final = 1000

# Of a message's extras these are the database's own: when which status came, and what was said with it.
_DATABASE_EXTRAS: Final = {"times": "times_", "details": "details_"}


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
    """One message. `status` is "received" for one that came in; for one that went out sent, delivered, read or played.

    `extras` are as `extras_of_event` makes them.
    """

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
    stops_number: bool = False  # the error is one of the business's number, and not of this message
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
    """All that could be read of one delivery, and a line (where, and why) for each part that could not.

    `lost` are items that became no event, though they should have. `problems` are notes: the event is there, but for
    a part of it, or nothing is amiss with the delivery itself.
    """

    events: list[Event] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Unreadable(Exception):
    """The body as a whole is not what the provider sends; says why."""


def extras_of_event(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a provider said beside a message, as it may be kept with it.

    Keys that are the database's own get an underscore behind them; `referral` stays only as an object that says
    something, for who has one came by an advertisement.
    """
    extras = {_DATABASE_EXTRAS.get(key, key): found for key, found in said.items()}
    if not (isinstance(extras.get("referral"), dict) and extras["referral"]):
        extras.pop("referral", None)
    return extras
