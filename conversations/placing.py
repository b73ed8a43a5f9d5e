"""Which conversation a message belongs to. Pure functions: the newest conversation comes in, a decision goes out.

The rule for a customer who writes again: the active conversation is joined; a completed newest one becomes active
again; an archived one stays so, and a new one is opened. What does not come from the customer joins the newest whatever
its status, or opens one; a notice of the provider's joins the newest, and opens none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple
from uuid import UUID

from conversations.incoming import IncomingMessage, Opens

ACTIVE, COMPLETED, ARCHIVED = "active", "completed", "archived"


class Newest(NamedTuple):
    """A customer's active conversation or, where there is none, the newest."""

    id: UUID
    status: str


class Place(NamedTuple):
    """What is here of a message, and of the conversations of its customer."""

    here: UUID | None  # the conversation in which the message is already
    kind_here: str | None
    newest: Newest | None


class Way(Enum):
    """How messages come to their conversation."""

    JOIN_OR_OPEN = auto()  # the active one, or a new one
    JOIN = auto()  # the newest as it is
    REOPEN = auto()  # the newest, which becomes active again
    NONE = auto()  # there is none, and notices open none


@dataclass(slots=True, kw_only=True)
class Touch:
    """What the new messages of one customer do to the conversation that they join or open."""

    user_id: UUID
    customer_id: UUID
    newest: Newest | None
    last_message_at: datetime
    last_inbound_at: datetime | None = None
    opens: bool = False
    comes_from_customer: bool = False

    def add(self, message: IncomingMessage) -> None:
        self.last_message_at = max(self.last_message_at, message.at)
        if message.event.opens != Opens.NOTHING:
            self.opens = True
            if message.event.direction == "in":
                self.last_inbound_at = max(self.last_inbound_at or message.at, message.at)
        if message.event.opens == Opens.LEAD:
            self.comes_from_customer = True

    @property
    def way(self) -> Way:
        """See the top of this file."""
        if self.newest is None:
            return Way.JOIN_OR_OPEN if self.opens else Way.NONE
        if self.newest.status == ACTIVE:
            return Way.JOIN_OR_OPEN if self.opens else Way.JOIN
        if not self.comes_from_customer:
            return Way.JOIN
        return Way.REOPEN if self.newest.status == COMPLETED else Way.JOIN_OR_OPEN


def touches_of(messages: Iterable[tuple[IncomingMessage, UUID | None, Place]]) -> list[Touch]:
    """What messages that are not here do to the conversation of each customer, in the order of the customers' ids.

    A message without customer is left out: it is a notice about a customer who is not stored.
    """
    touches: dict[UUID, Touch] = {}
    for message, customer_id, place in messages:
        if customer_id is None or place.here is not None:
            continue
        touch = touches.get(customer_id)
        if touch is None:
            touch = touches[customer_id] = Touch(
                user_id=message.user_id, customer_id=customer_id, newest=place.newest, last_message_at=message.at
            )
        touch.add(message)
    return [touches[customer_id] for customer_id in sorted(touches)]
