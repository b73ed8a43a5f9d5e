"""Services that join, reopen or open the conversation of each message. Caller holds the transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from conversations.incoming import CallPart, IncomingMessage, MessageKey
from conversations.models import Conversation, Message, Opening, ParkedStatus
from conversations.placing import ConversationChange, ConversationUpdate, Placement, conversation_updates
from leadsite.core.transactions import ConcurrentChange


@dataclass(frozen=True, slots=True)
class Placed:
    """Messages, each with its conversation's id, and the ids of the new conversations.

    `returned`: the new ones of customers who have former ones. `joins`: the changes to the others, which are made once
    the messages are stored: see change_conversations. `fresh`: the keys of the messages of which nothing is stored yet.
    `left_out`: notices to customers without a conversation.
    """

    messages: list[tuple[IncomingMessage, UUID]]
    opened: set[UUID]
    returned: set[UUID]
    joins: list[ConversationUpdate]
    fresh: set[MessageKey]
    left_out: list[IncomingMessage]

    @property
    def with_turns(self) -> set[UUID]:
        """The conversations in which the customer may or may not wait since these messages.

        A new one that the business has not written into is not among them: it was opened with the right time.
        """
        return {
            id_
            for message, id_ in self.messages
            if (message.event.is_turn or message.event.call)
            and (id_ not in self.opened or message.event.direction == "out" or message.event.call)
        }


def place_messages(
    *, messages: Sequence[tuple[IncomingMessage, UUID | None]], businesses: Collection[UUID], erased_at: datetime | None
) -> Placed:
    """Find or create the conversation of each message: see conversations/placing.py for the rule.

    `messages` come with their customers, whom the caller has locked. Messages that are stored already, and notices to
    customers without conversation, are left out; parts of calls among them are parked. The rest: as in Identified.
    Raises django.db.Error.
    """
    # A separate statement, after the customers are locked: it sees what the previous holders of the locks committed.
    places = Message.objects.places(messages, businesses)
    if any(place.erased_at != erased_at for place in places):
        # Their customers may be among the erased, and have been created again by this transaction.
        raise ConcurrentChange("A person of this business was erased at the same moment.")
    found = [(message, customer_id, place) for (message, customer_id), place in zip(messages, places, strict=True)]
    updates = conversation_updates(found)
    to_open = [update for update in updates if update.placement in (Placement.OPEN, Placement.HOLD)]
    joins = [update for update in updates if update.placement in (Placement.JOIN, Placement.REOPEN)]
    opened = Conversation.objects.join_or_open([_opening(update) for update in to_open])
    conversations = {update.customer_id: one.id for update, one in zip(to_open, opened, strict=True)}
    conversations |= {update.customer_id: update.newest.id for update in joins if update.newest}
    placed, parked, left_out = [], {}, []
    for message, customer_id, place in found:
        completed = place.completed(message)
        if place.here is None and message.event.is_sign and place.target is not None:
            placed.append((message, place.target))
        elif place.is_new(message) and customer_id is not None and customer_id in conversations:
            placed.append((completed, conversations[customer_id]))
        elif place.here is not None and message.completes(place.stored_kind or ""):
            if place.call is None or completed.event.extras != place.call.extras:
                placed.append((completed, place.here))
        elif completed.event.call:  # whose call it is, its other parts will say
            parked[completed.key] = CallPart("", completed.event.provider_time, completed.event.extras)
        elif place.here is None:
            left_out.append(message)
    ParkedStatus.objects.park_calls(parked)
    return Placed(
        placed,
        opened={one.id for one in opened if one.created},
        returned={one.id for update, one in zip(to_open, opened, strict=True) if one.created and update.newest},
        joins=joins,
        fresh={message.key for message, _ in placed} - {message.key for message, _, place in found if place.here},
        left_out=left_out,
    )


def change_conversations(*, placed: Placed, arrived: Mapping[UUID, datetime]) -> None:
    """Move the conversations' times forward, reopen those that the messages reopen, and set since when their customers
    wait: in one statement, after the messages are stored.

    `arrived`: the time of each conversation's first new message that needs an answer. Raises django.db.Error.
    """
    turns = placed.with_turns
    changes = [
        ConversationChange(
            update.newest.id,
            joins=True,
            reopens=update.placement is Placement.REOPEN,
            last_message_at=update.last_message_at,
            last_inbound_at=update.last_inbound_at,
            has_turns=update.newest.id in turns,
            arrived=arrived.get(update.newest.id),
        )
        for update in placed.joins
        if update.newest
    ]
    joined = {change.id for change in changes}
    others = [ConversationChange(id_, has_turns=True, arrived=arrived.get(id_)) for id_ in turns - joined]
    if not joined <= Conversation.objects.change([*changes, *others]):
        raise ConcurrentChange("A conversation of this delivery was deleted at the same moment.")


def _opening(update: ConversationUpdate) -> Opening:
    return Opening(
        update.user_id,
        update.customer_id,
        Conversation.Status.COMPLETED if update.placement is Placement.HOLD else Conversation.Status.ACTIVE,
        update.last_message_at,
        update.last_inbound_at,
        None if update.comes_from_business else update.waiting_since,
    )
