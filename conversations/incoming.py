"""What comes in for conversations, whichever provider brought it. Plain values, no database."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

# What a provider sends in the place of a message that it may send whole later, under the same id.
PLACEHOLDER_KINDS: Final = ("unsupported", "unknown", "media_placeholder")

# A business, and the provider's id of a message: two messages with one key are the same message.
MessageKey = tuple[UUID, str]


class Opens(StrEnum):
    """What a message may bring into being for a customer who has none of it."""

    LEAD = "lead"  # the customer wrote to the business: conversation and lead
    CONVERSATION = "conversation"  # the business wrote, an old thread, a group: a place for the row, and no lead
    NOTHING = "nothing"  # a notice of the provider's: it joins what is there


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The customer's side of a message: a phone number (E.164), a WhatsApp user id, or both; never neither."""

    phone: str | None
    whatsapp_user_id: str | None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEvent:
    """One message. `status` is "received" for one that came in; for one that went out sent, delivered, read or played.

    `customer` is the other side, whichever side wrote. `extras` can be written as JSON; the keys `times` and `details`
    are the database's own.
    """

    channel: str  # the provider's id of the business's number
    customer: Sender
    provider_id: str
    direction: str  # "in" or "out"
    kind: str
    content: str
    provider_time: datetime | None
    opens: Opens
    extras: dict[str, Any] = field(default_factory=dict)
    status: str = "received"

    @property
    def is_placeholder(self) -> bool:
        return self.kind in PLACEHOLDER_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveEvent:
    """A customer's phone number or WhatsApp user id changed from `former` to `now`."""

    channel: str
    former: Sender
    now: Sender
    provider_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage:
    """A message with its owner. `at` is the provider's time or, for want of that, when it was received."""

    user_id: UUID
    channel_id: UUID
    at: datetime
    event: MessageEvent

    @property
    def key(self) -> MessageKey:
        return self.user_id, self.event.provider_id

    def completes(self, kind_here: str) -> bool:
        """Whether it is the real message of a placeholder, and what is here under its key is still that."""
        return kind_here in PLACEHOLDER_KINDS and not self.event.is_placeholder


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveReport:
    """A customer of this business was `former` until `at`, and is `now` from then on; None is not said."""

    user_id: UUID
    former: Sender
    now: Sender
    at: datetime


def distinct_messages(messages: Iterable[IncomingMessage]) -> list[IncomingMessage]:
    """One for each key, in the order of `messages`: the first that is no placeholder, or else the first."""
    chosen: dict[MessageKey, IncomingMessage] = {}
    for message in messages:
        before = chosen.get(message.key)
        if before is None or (before.event.is_placeholder and not message.event.is_placeholder):
            chosen[message.key] = message
    return list(chosen.values())
