"""Decides which conversation a message belongs to. Pure functions.

A message from the customer joins the active conversation. Without one, it reopens the newest if that is completed, and
otherwise opens a new conversation. A message that does not come from the customer joins the newest conversation
whatever its status, or opens one.

A sign (a reaction, an edit, a deletion …) joins the conversation of the message that it is about, otherwise the
newest, and changes neither its status nor its times; for a customer without conversation it opens a completed one. A
notice from the provider joins the newest, and opens none. A placeholder that was stored as a sign, and is a message
from the customer after all, is placed as a new message.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple
from uuid import UUID

from conversations.calls import Call
from conversations.incoming import PLACEHOLDER_KINDS, CallPart, IncomingMessage, Opens

ACTIVE, COMPLETED, ARCHIVED = "active", "completed", "archived"


class Newest(NamedTuple):
    """A customer's active conversation or, where there is none, the newest."""

    id: UUID
    status: str


class Place(NamedTuple):
    """Where a message is stored, if it is, and the conversations of its customer that it may join."""

    here: UUID | None  # the conversation in which the message is stored
    stored_kind: str | None
    newest: Newest | None
    target: UUID | None = None  # the conversation of the message that it is about
    call: CallPart | None = None  # what is stored of the call that it is a part of
    was_turn: bool = True  # Message.is_turn of what is stored
    parked: CallPart | None = None  # of a call that is not stored: what its parts said that came before
    erased_at: datetime | None = None  # when a person of these businesses was erased last

    def completed(self, message: IncomingMessage) -> IncomingMessage:
        """Return the message as it is to be stored: a call with all its parts."""
        others = self.call or self.parked
        return message.with_part(others) if others and message.event.call else message

    def is_new(self, message: IncomingMessage) -> bool:
        """Whether it is placed as a new message: it is not stored, or as a sign and is none."""
        return self.here is None or (self._is_completed_by(message) and not self.was_turn)

    def is_joined_by(self, message: IncomingMessage) -> bool:
        """Whether it changes its customer's newest conversation, or opens one.

        A later part of a stored call does, and the message of a stored placeholder.
        """
        if self.is_new(message):
            return not (message.event.is_sign and self.target is not None)
        is_later_part = self.call is not None and message.event.call is not None and not message.event.is_sign
        return (
            (is_later_part or self._is_completed_by(message))
            and self.newest is not None
            and (self.newest.id, self.newest.status)
            in (
                (self.here, ACTIVE),
                (self.here, COMPLETED),
            )
        )

    def _is_completed_by(self, message: IncomingMessage) -> bool:
        """Whether a placeholder is stored, and this is the customer's message."""
        is_full = self.stored_kind in PLACEHOLDER_KINDS and not message.event.is_placeholder
        return is_full and message.event.opens is Opens.LEAD

    @property
    def was_opened(self) -> bool:
        """Whether a stored part of the call has opened or reopened the conversation."""
        return self.call is not None and Call.read(self.call.extras.get("call")).took_place


class Placement(Enum):
    """How a conversation is found for the messages of one customer."""

    OPEN = auto()  # a new one
    JOIN = auto()  # the active one, or the newest as it is
    REOPEN = auto()  # the newest, which becomes active again
    HOLD = auto()  # a new one, which is completed from the start: there is none, and signs open no active one
    NONE = auto()  # there is none, and notices open none


@dataclass(slots=True, kw_only=True)
class ConversationUpdate:
    """The change to one customer's conversation by the new messages that join or open it.

    `waiting_since`: when the first message that needs an answer was written, if the business wrote none of them.
    """

    user_id: UUID
    customer_id: UUID
    newest: Newest | None
    last_message_at: datetime | None = None
    last_inbound_at: datetime | None = None
    waiting_since: datetime | None = None
    opens: bool = False
    holds: bool = False
    comes_from_customer: bool = False
    comes_from_business: bool = False

    def add(self, message: IncomingMessage, *, opens: bool = True) -> None:
        """Add a message. `opens`: it is the first part that is stored of it."""
        event, at = message.event, message.at
        if event.is_sign:
            self.holds = self.holds or event.opens == Opens.HOLDER
            return
        last = message.last_part_at or at
        self.last_message_at = max(self.last_message_at or last, last)
        if event.direction == "in":
            self.last_inbound_at = max(self.last_inbound_at or last, last)
        if not opens:
            return
        self.opens = True
        if event.direction == "out":
            self.comes_from_business = True
        if event.opens == Opens.LEAD:
            self.comes_from_customer = True
        if event.is_turn and event.direction == "in":
            self.waiting_since = min(self.waiting_since or at, at)

    @property
    def placement(self) -> Placement:
        """The rule at the top of this file."""
        if self.newest is None:
            if self.opens:
                return Placement.OPEN
            return Placement.HOLD if self.holds else Placement.NONE
        if self.newest.status == ACTIVE or not self.comes_from_customer:
            return Placement.JOIN
        return Placement.REOPEN if self.newest.status == COMPLETED else Placement.OPEN


class ConversationChange(NamedTuple):
    """What stored messages change in their conversation.

    `joins`: messages join it as its newest, and its times move forward; `reopens`: it becomes active again.
    `has_turns`: since when the customer waits may have changed; `arrived`: the time of the first of the messages just
    stored that needs an answer.
    """

    id: UUID
    joins: bool = False
    reopens: bool = False
    last_message_at: datetime | None = None
    last_inbound_at: datetime | None = None
    has_turns: bool = False
    arrived: datetime | None = None


def conversation_updates(messages: Iterable[tuple[IncomingMessage, UUID | None, Place]]) -> list[ConversationUpdate]:
    """Return the change by messages that are not stored yet to each customer's conversation, ordered by customer id.

    A message without customer is left out: it is a provider's notice about a customer who is not stored. So is a sign
    that joins the conversation of its target.
    """
    updates: dict[UUID, ConversationUpdate] = {}
    for message, customer_id, place in messages:
        if customer_id is None or not place.is_joined_by(message):
            continue
        update = updates.get(customer_id)
        if update is None:
            update = ConversationUpdate(user_id=message.user_id, customer_id=customer_id, newest=place.newest)
            updates[customer_id] = update
        update.add(message, opens=not place.was_opened)
    return [updates[customer_id] for customer_id in sorted(updates)]
