"""What a delivery says beside messages and moves (conversations/incoming.py): statuses, and what could not be read.

The providers' dialects end here: their readers (meta/payloads.py, twilio.py) make these; ingest.py makes rows of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from conversations.incoming import MessageEvent, MoveEvent

STATUS_ERROR_MAX_LENGTH: Final = 1000

# Of a message's extras these are the database's own: when which status came, and what was said with it.
_DATABASE_EXTRAS: Final = {"times": "times_", "details": "details_"}


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
