"""Service that stores what providers deliver: messages with their customer, conversation and lead, or none of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.db import transaction

from conversations.incoming import IncomingMessage, MoveReport, Opens, distinct_messages
from conversations.models import Message
from conversations.services.identify import identify_customers
from conversations.services.place import Placed, place_messages
from conversations.services.statuses import StatusReport, apply_statuses
from leads.first_messages import FirstMessage, details_of, leads_of
from leads.models import Lead, LeadRow
from leads.services.number_changes import move_customers
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows

_PREPARE: Final = """
    SELECT set_config(name, setting, true)
    FROM (VALUES ('plan_cache_mode', 'force_generic_plan'), ('enable_seqscan', 'off'),
                 ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off'), ('jit', 'off')) AS plans (name, setting)
    UNION ALL
    SELECT pg_advisory_xact_lock(hashtextextended('deliveries of ' || business, 0))::text
    FROM unnest(%s::uuid[]) AS business
"""


@dataclass(slots=True)
class Received:
    """What providers delivered."""

    moves: list[MoveReport] = field(default_factory=list)
    messages: list[IncomingMessage] = field(default_factory=list)
    statuses: list[StatusReport] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.moves) + len(self.messages) + len(self.statuses)

    @property
    def businesses(self) -> list[UUID]:
        """The owners of the events, in order."""
        return sorted({event.user_id for part in (self.moves, self.messages, self.statuses) for event in part})

    def bisect(self) -> tuple["Received", "Received"]:
        """Two of half the length, in the order in which receive_events takes them: moves, messages, statuses."""
        middle = len(self) // 2
        moves, messages = self.moves, self.messages
        to_messages = max(0, middle - len(moves))
        to_statuses = max(0, to_messages - len(messages))
        return (
            Received(moves[:middle], messages[:to_messages], self.statuses[:to_statuses]),
            Received(moves[middle:], messages[to_messages:], self.statuses[to_statuses:]),
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """How many rows were new, and how many messages were left out: notices to customers without a conversation."""

    messages: int = 0
    leads: int = 0
    left_out: int = 0


def receive_events(received: Received) -> Stored:
    """Make rows of what was received, all or none; what is here already stays as it is.

    A message that opens a lead joins the customer's active conversation, or reopens the newest if that is completed, or
    opens a new one (conversations/placing.py); where the conversation has no lead it gets one. The lead's details are
    the text of the earliest message that opens leads, until somebody changes them. Statuses are of messages that went
    out.

    Joins the caller's transaction, or opens one. Locks: for more than one event the businesses, then see Note
    [Lock order]. The number of statements does not depend on the number of messages and statuses. Raises
    django.db.Error.
    """
    if not received:
        return Stored()
    # Two deliveries of one new customer may come at this moment: identify_customers locks the customer's row, so that
    # the second joins the conversation of the first. Both rows or none: by an exception everything is undone.
    with transaction.atomic(savepoint=False):
        prepare(businesses=received.businesses if len(received) > 1 else [])
        move_customers(moves=received.moves)
        stored = _receive_messages(received.messages)
        apply_statuses(statuses=received.statuses)
        return stored


def prepare(*, businesses: Sequence[UUID]) -> None:
    """Keep the plans of statements good, and lock these businesses, until the transaction ends. Caller holds it.

    The lock: deliveries of several events of one business go one after another from here on, for such a delivery locks
    many customers, and who shows a number here and only an id there has two places in their order.

    The plans: statements over arrays find their rows by index, one after the other, whether or not PostgreSQL knows how
    large the tables are by now; and they are planned once for a connection and not at each call. A step that can only
    scan costs 10 billion on paper then, for which PostgreSQL 15 would compile the statement (jit), at each call.
    """
    fetch_rows(_PREPARE, [array(businesses)])


def _receive_messages(messages: Sequence[IncomingMessage]) -> Stored:
    if not messages:
        return Stored()
    new = identify_customers(messages=distinct_messages(messages), move_customers=move_customers)
    if not new:
        return Stored()
    placed = place_messages(messages=new)
    messages_made, leads_made = _store(placed)
    left_out = _count_notices(new) - _count_notices(placed.messages)
    return Stored(messages=messages_made, leads=leads_made, left_out=left_out)


def _count_notices(messages: Iterable[tuple[IncomingMessage, UUID | None]]) -> int:
    return sum(message.event.opens is Opens.NOTHING for message, _ in messages)


def _store(placed: Placed) -> tuple[int, int]:
    """Store messages, and the leads of conversations that have none. Returns how many of each are new."""
    # Before the messages: a placeholder is replaced by them, and the lead may still say what that said.
    there = Lead.objects.of_conversations(sorted({id_ for _, id_ in placed.messages if id_ not in placed.opened}))
    events = {message.key: message.event for message, _ in placed.messages}
    stored = [(row, events[row.key]) for row in Message.objects.store(placed.messages)]
    first, corrections = leads_of(
        (
            FirstMessage(
                id=row.id,
                user_id=row.user_id,
                conversation_id=row.conversation_id,
                at=row.at,
                provider_id=row.provider_id,
                details=details_of(event.kind, event.content),
            )
            for row, event in stored
            if event.opens is Opens.LEAD
        ),
        there,
    )
    Lead.objects.insert(
        [
            LeadRow(
                user_id=message.user_id,
                conversation_id=message.conversation_id,
                type=Lead.Type.INQUIRY,
                source=Lead.Source.WHATSAPP,
                details=message.details,
                first_message_id=message.id,
            )
            for message in first
        ]
    )
    Lead.objects.correct(corrections)
    Lead.objects.keep_referral(sorted({row.conversation_id for row, event in stored if "referral" in event.extras}))
    return sum(row.is_new for row, _ in stored), len(first)
