"""The events of a delivery, whichever provider sent it. Messages and moves are in conversations/incoming.py.

The readers (meta/payloads.py, twilio.py) return a Reading; ingest.py stores it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from conversations.incoming import MessageEvent, MoveEvent, Sender
from whatsapp.outbound.retries import Schedule

STATUS_ERROR_MAX_LENGTH: Final = 1000
CALLBACK_DATA_MAX_LENGTH: Final = 512  # Meta's own limit of biz_opaque_callback_data

# Reserved keys of a message's extras: the time of each status, and other content of status reports.
_DATABASE_EXTRAS: Final = {"times": "times_", "details": "details_"}


@dataclass(slots=True, kw_only=True)
class StatusEvent:
    """A status of an outgoing message: sent, delivered, read, played or failed (with `error`)."""

    channel: str
    provider_id: str
    status: str
    provider_time: datetime | None
    error: str = ""
    stops_number: bool = False  # the error concerns the business's number, not only this message
    opts_out: bool = False  # the customer has opted out of marketing
    # The customer, where the message may be none of ours, or where number and user id are named.
    recipient: Sender | None = None
    schedule: Schedule | None = None  # of an error that is temporary: when the message is sent again
    callback_data: str = ""  # returned by the provider: our id of the message
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReport:
    """What the provider reports about an account, or about its number `number` (display number or id; "" for all).

    `text` says it for staff. A report replaces earlier ones with the same `aspect`, `subject` and `number`. `digest` is
    the same where the report is delivered again. `bans`: the account may send nothing from now on.
    """

    waba_id: str
    number: str
    field: str
    event: str
    aspect: str
    subject: str
    text: str
    is_problem: bool
    at: datetime
    until: datetime | None
    messaging_limit: str
    bans: bool
    template: tuple[str, str] | None  # name and language
    template_status: str
    template_category: str
    value: dict[str, Any]
    digest: str


Event = MessageEvent | StatusEvent | MoveEvent


@dataclass(slots=True)
class Reading:
    """The events of one delivery, and a line (where, and why) for each part that could not be read.

    `rejected` has items that should have become an event and did not: the delivery fails. `notes` has everything else:
    a part of an event was left out, or the provider itself reports an error. `accounts` and `display_numbers` are those
    of each number. `reports`: what belongs to accounts and not to customers.
    """

    events: list[Event] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    accounts: dict[str, str] = field(default_factory=dict)
    display_numbers: dict[str, str] = field(default_factory=dict)
    reports: list[AccountReport] = field(default_factory=list)


class UnreadableBody(Exception):
    """The body is not in the provider's format. The message says why."""


def extras_of_event(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the extras of a message in a form that can be stored: reserved keys get an underscore appended."""
    return {_DATABASE_EXTRAS.get(key, key): found for key, found in raw.items()}
