"""Messages and moves as a delivery reports them, the same for every provider. Plain values, no database.

Note [Values of messages]: these values do not change after their creation, nor do the values that the readers and
services of deliveries create from them. They are not `frozen`, because creating a frozen dataclass takes four times as
long, and a delivery of a thousand messages creates fifteen thousand.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from conversations.message_parts import Parts

# Kinds of placeholders: sent instead of a message, which the provider may send in full later, under the same id.
PLACEHOLDER_KINDS: Final = ("unsupported", "unknown", "media_placeholder")

# (user_id, provider_id): two messages with the same key are the same message.
MessageKey = tuple[UUID, str]


class Opens(StrEnum):
    """What a message creates for a customer who has no conversation to join."""

    LEAD = "lead"  # the customer wrote to the business: a conversation and a lead
    CONVERSATION = "conversation"  # the business wrote, or it is history or from a group: a conversation without a lead
    HOLDER = "holder"  # a reaction, an edit, a deletion …: a completed conversation without a lead, which holds the row
    NOTHING = "nothing"  # a notice from the provider: it only joins a conversation that exists


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """The customer of a message: a phone number (E.164), a WhatsApp user id, or both."""

    phone: str | None
    whatsapp_user_id: str | None
    name: str = ""


@dataclass(slots=True, kw_only=True)
class MessageEvent:
    """One message. `status` is "received" for an inbound one; sent, delivered, read or played for an outbound one.

    `customer` is the customer's side, whichever side wrote. `extras` is JSON-serializable, in the provider's words; its
    keys `times` and `details` are reserved for statuses. `parts` is what API and events show of it.
    """

    channel: str  # the provider's id for the business's number
    customer: Sender
    provider_id: str
    direction: str  # "in" or "out"
    kind: str
    content: str
    provider_time: datetime | None
    opens: Opens
    extras: dict[str, Any] = field(default_factory=dict)
    parts: Parts = field(default_factory=Parts)
    status: str = "received"
    callback_data: str = ""  # returned by the provider: our id of the message
    stops_marketing: bool | None = None  # the customer opts out of marketing, or wants it again (False)

    @property
    def creates_customer(self) -> bool:
        """Whether a customer who is not stored becomes so: also one who opts out and has not written yet."""
        return self.opens != Opens.NOTHING or self.stops_marketing is not None

    @property
    def is_placeholder(self) -> bool:
        return self.kind in PLACEHOLDER_KINDS

    @property
    def is_sign(self) -> bool:
        """Whether it is no message: it reopens nothing, and does not count as the last message."""
        return self.opens in (Opens.HOLDER, Opens.NOTHING)

    @property
    def is_turn(self) -> bool:
        """Whether the customer waits for an answer to it; of an outbound one, whether it is an answer."""
        return self.opens == Opens.LEAD if self.direction == "in" else not self.is_sign

    @property
    def target(self) -> str | None:
        """The provider's id of the message that a reaction, an edit or a deletion is about."""
        target = self.extras.get("target")
        return target if isinstance(target, str) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveEvent:
    """A customer's phone number or WhatsApp user id changed from `former` to `now`.

    Where `now` has all identifiers of `former`, nothing changed: the customer says which number is theirs as well.
    """

    channel: str
    former: Sender
    now: Sender
    provider_time: datetime | None


@dataclass(slots=True, kw_only=True)
class IncomingMessage:
    """A message with its owner. `at` is the provider's time or, where that is missing, when it was received.

    `message_id` is our id, where the provider returns it: then it may be a copy of a message that we sent.
    """

    user_id: UUID
    channel_id: UUID
    at: datetime
    event: MessageEvent
    message_id: UUID | None = None

    @property
    def key(self) -> MessageKey:
        return self.user_id, self.event.provider_id

    def completes(self, stored_kind: str) -> bool:
        """Whether the stored row with its key is a placeholder, and this is the full message."""
        return stored_kind in PLACEHOLDER_KINDS and not self.event.is_placeholder


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveReport:
    """A customer of this business was `former` until `at` and is `now` from then on; None means unknown."""

    user_id: UUID
    former: Sender
    now: Sender
    at: datetime


def distinct_messages(messages: Iterable[IncomingMessage]) -> list[IncomingMessage]:
    """Return one message for each key, in the order of `messages`: the first full message, otherwise the first."""
    chosen: dict[MessageKey, IncomingMessage] = {}
    for message in messages:
        before = chosen.get(message.key)
        if before is None or (before.event.is_placeholder and not message.event.is_placeholder):
            chosen[message.key] = message
    return list(chosen.values())
