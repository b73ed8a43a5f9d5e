"""Messages and moves as a delivery reports them, the same for every provider. Plain values, no database.

Note [Values of messages]: these values do not change after their creation, nor do the values that the readers and
services of deliveries create from them. They are not `frozen`, because creating a frozen dataclass takes four times as
long, and a delivery of a thousand messages creates fifteen thousand.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from conversations.calls import Call
from conversations.message_parts import Parts

# Kinds of placeholders: sent instead of a message, which the provider may send in full later, under the same id.
PLACEHOLDER_KINDS: Final = ("unsupported", "unknown", "media_placeholder")

CALL_KIND: Final = "call"

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
    `call`: this is a part of a call, the other parts have the same id.
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
    call: Call | None = None
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
        """Whether the customer waits for an answer to it; of an outbound one, whether it is an answer.

        An answered call needs no answer; a call of the business counts as an answer only if it was answered.
        """
        if self.direction == "in":
            return self.opens == Opens.LEAD and not (self.call and self.call.was_answered)
        return not self.is_sign and (self.call is None or self.call.was_answered)

    @property
    def target(self) -> str | None:
        """The provider's id of the message that a sign is about: what it changes, else what it is an answer to."""
        target = self.extras.get("target")
        if isinstance(target, str):
            return target
        context = self.parts.get("context")
        return context["provider_id"] if context and self.is_sign else None

    @property
    def target_token(self) -> str | None:
        """The token of `target`, which may be stored with another id of the provider's."""
        return self.extras.get("reference_token") if self.target else None


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
    `last_part_at`: of a call of several parts, when the last of those was reported that change its conversation.
    """

    user_id: UUID
    channel_id: UUID
    at: datetime
    event: MessageEvent
    message_id: UUID | None = None
    last_part_at: datetime | None = None
    provider_token: str | None = None  # what is the same in all ids that the provider has for this message

    @property
    def key(self) -> MessageKey:
        return self.user_id, self.event.provider_id

    def completes(self, stored_kind: str) -> bool:
        """Whether it changes the stored row with its key: that is a placeholder, and this is the full message; or both
        are parts of one call.
        """
        if self.event.call is not None:
            return stored_kind == CALL_KIND
        return stored_kind in PLACEHOLDER_KINDS and not self.event.is_placeholder

    def with_part(self, other: "CallPart") -> "IncomingMessage":
        """Return the call that this part and another part, or all that is stored of it, are parts of.

        The order of the parts does not matter, except that the direction is that of `other`.
        """
        event, call = self.event, Call.read(other.extras.get("call"))
        if event.call is not None:
            call = call.merged(event.call)
        incoming = other.direction == "in"
        opens = event.opens
        if call.took_place:
            opens = Opens.LEAD if incoming else Opens.CONVERSATION
        times = [time for time in (event.provider_time, other.provider_time) if time is not None]
        merged = replace(
            event,
            direction=other.direction,
            status="received" if incoming else "sent",
            content=call.words(incoming=incoming),
            provider_time=min(times, default=None),
            opens=opens,
            extras=_union(event.extras, other.extras) | {"call": asdict(call)},
            call=call,
        )
        return replace(self, at=min([self.at, *times]), event=merged)


class CallPart(NamedTuple):
    """A part of a call that has arrived, or what is stored of the call."""

    direction: str
    provider_time: datetime | None
    extras: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveReport:
    """A customer of this business was `former` until `at` and is `now` from then on; None means unknown."""

    user_id: UUID
    former: Sender
    now: Sender
    at: datetime


def distinct_messages(messages: Iterable[IncomingMessage]) -> list[IncomingMessage]:
    """Return one message for each key, in the order of `messages`: the first full message, otherwise the first.

    The parts of a call become one message.
    """
    chosen: dict[MessageKey, IncomingMessage] = {}
    for message in messages:
        before = chosen.get(message.key)
        if before is None:
            chosen[message.key] = message
        elif message.completes(before.event.kind):
            chosen[message.key] = _merged(before, message) if message.event.call else message
    return list(chosen.values())


def _merged(before: IncomingMessage, message: IncomingMessage) -> IncomingMessage:
    """Return both parts of a call as one. Parts that only say that it was recorded may not know the direction."""
    if before.event.is_sign:
        before, message = message, before
    one, other = before.event, message.event
    merged = message.with_part(CallPart(one.direction, one.provider_time, one.extras))
    customer = Sender(
        phone=one.customer.phone or other.customer.phone,
        whatsapp_user_id=one.customer.whatsapp_user_id or other.customer.whatsapp_user_id,
        name=one.customer.name or other.customer.name,
    )
    ends = [part.last_part_at or part.at for part in (before, message) if not part.event.is_sign]
    return replace(
        merged,
        at=min(before.at, message.at),
        event=replace(merged.event, customer=customer),
        last_part_at=max(ends, default=None),
    )


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of both, also of objects below the same key. Of two values it is the same one in either order."""
    return dict(one) | {
        key: _union(one[key], found)
        if isinstance(one.get(key), dict) and isinstance(found, dict)
        else max(one.get(key, found), found, key=lambda value: json.dumps(value, sort_keys=True))
        for key, found in other.items()
    }
