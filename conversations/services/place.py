"""Service that finds the conversation of each incoming message, opened or reopened. Caller holds the transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from conversations.incoming import IncomingMessage
from conversations.models import Conversation, Message
from conversations.placing import Way, touches_of
from conversations.services.identify import overtaken


@dataclass(frozen=True, slots=True)
class Placed:
    """Messages with the conversation of each, and which of the conversations are new."""

    messages: list[tuple[IncomingMessage, UUID]]
    opened: set[UUID]


def place_messages(*, messages: Sequence[tuple[IncomingMessage, UUID | None]]) -> Placed:
    """Find the conversation of each message: see conversations/placing.py for the rule.

    `messages` come with their customers, whom the caller has locked. Left out are messages that are here by now, and
    notices to customers without conversation. Locks: the customers' conversations. Raises django.db.Error.
    """
    # A statement of its own: it sees what those have committed whose locks on customers were waited for.
    places = Message.objects.places(messages)
    found = [(message, customer_id, place) for (message, customer_id), place in zip(messages, places, strict=True)]
    touches = touches_of(found)
    joined = Conversation.objects.join_or_open_at([touch for touch in touches if touch.way is Way.JOIN_OR_OPEN])
    joined += Conversation.objects.join([touch for touch in touches if touch.way in (Way.JOIN, Way.REOPEN)])
    conversations = {one.customer_id: one.conversation_id for one in joined}
    if any(touch.way is not Way.NONE and touch.customer_id not in conversations for touch in touches):
        raise overtaken("A conversation of this delivery was deleted at the same moment.")
    placed = []
    for message, customer_id, place in found:
        if place.here is None:
            if customer_id is not None and customer_id in conversations:
                placed.append((message, conversations[customer_id]))
        elif message.completes(place.kind_here or ""):
            placed.append((message, place.here))
    return Placed(placed, opened={one.conversation_id for one in joined if one.is_new})
