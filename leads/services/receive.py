"""Service that stores deliveries: messages with their customer, conversation and lead, all or none.

Note [Deliveries side by side]: a delivery of several messages locks many customers. Of two deliveries that know a
customer by different identifiers, one by the number and one by the id, each would lock the row at another place of the
lock order, and their lock waits could form a cycle. Such a delivery has its business to itself, by an advisory lock.
Most deliveries are from customers with one place, which is_settled in conversations/customer_rows.py recognises; they
share the lock. The lock must precede the look-up of the senders, which says what a delivery is: so it is shared first,
and where customers are not settled, given back, taken alone, and the senders are looked up again. Moves, statuses and
parts of calls lock rows in other orders, and several of them have the business to themselves from the start; of two
parts of a call at the same moment, the second must find what the first has parked. A single event locks one customer,
and takes no lock of the business.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from conversations.incoming import IncomingMessage, MessageEvent, MoveReport, Opens, distinct_messages
from conversations.models import Message, NewMedia, StoredMedia
from conversations.models.inbound import StoredMessage
from conversations.services.identify import LookedUp, identify_customers, look_up_senders
from conversations.services.late_deliveries import without_erased_moves
from conversations.services.marketing import store_choices
from conversations.services.place import Placed, change_conversations, place_messages
from conversations.services.statuses import StatusReport, apply_statuses
from conversations.services.undelivered import lock_recipients, undelivered
from leads.first_messages import FirstMessage, details_of, has_words, plan_leads
from leads.models import Lead, LeadRow
from leads.services.number_changes import move_customers
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import INDEX_PLANS, set_locally

_LOCK_BUSINESSES: Final = """
    SELECT pg_advisory_xact_lock(hashtextextended('deliveries of ' || business, 0)) FROM unnest(%s::uuid[]) AS business
"""
_SHARE_BUSINESSES: Final = _LOCK_BUSINESSES.replace("pg_advisory_xact_lock", "pg_advisory_xact_lock_shared")


@dataclass(slots=True)
class Received:
    """The events of deliveries."""

    moves: list[MoveReport] = field(default_factory=list)
    messages: list[IncomingMessage] = field(default_factory=list)
    statuses: list[StatusReport] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.moves) + len(self.messages) + len(self.statuses)

    @property
    def businesses(self) -> list[UUID]:
        """The owners of the events, in order."""
        return sorted({event.user_id for part in (self.moves, self.messages, self.statuses) for event in part})

    @property
    def is_alone(self) -> bool:
        """Whether no other delivery of its businesses may run beside it, see Note [Deliveries side by side]."""
        has_several = len(self) > 1 and bool(self.moves or self.statuses)
        return has_several or any(message.event.call for message in self.messages)

    @property
    def shares_businesses(self) -> bool:
        """Whether others may run beside it if its customers are settled."""
        return len(self) > 1 and not self.is_alone

    def bisect(self) -> tuple["Received", "Received"]:
        """Split the events in two, in the order in which receive_events processes them: moves, messages, statuses."""
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
    """How many rows were inserted, and how many messages left out: notices about customers without a conversation.

    `erased`: the messages, and `erased_statuses` and `erased_moves` the rest, that were left out because they belong to
    erased people.
    """

    messages: int = 0
    leads: int = 0
    left_out: int = 0
    media: int = 0  # files of the messages, which are to be fetched
    erased: Sequence[IncomingMessage] = ()
    erased_statuses: Sequence[StatusReport] = ()
    erased_moves: Sequence[MoveReport] = ()

    @property
    def has_erased(self) -> bool:
        return bool(self.erased or self.erased_statuses or self.erased_moves)


def receive_events(received: Received) -> Stored:
    """Store events, all or none. Stored messages stay as they are.

    A message from a customer joins the active conversation, reopens the newest if that is completed, or opens a new one
    (conversations/placing.py); a conversation without lead gets one. The lead's details are the text of the customer's
    earliest message until they are edited. Statuses are about outgoing messages.

    Joins the caller's transaction, or opens one. Locks: for several events or a call the businesses, see Note
    [Deliveries side by side], then see Note [Lock order]. Apart from the lock of the businesses, the number of
    statements does not depend on the number of messages and statuses. Raises django.db.Error.
    """
    if not received:
        return Stored()
    # Two deliveries for one new customer at the same moment: identify_customers locks the customer's row, so the second
    # waits and then joins the conversation of the first. An exception rolls everything back.
    with transaction.atomic(savepoint=False):
        prepare_transaction(businesses=received.businesses if received.is_alone else [])
        moves, old_moves = without_erased_moves(received.moves)
        move_customers(moves=moves)
        lock_recipients(messages=undelivered(received.statuses))
        stored = _receive_messages(received)
        keys = {message.key for message in stored.erased}
        statuses = [report for report in received.statuses if report.key not in keys] if keys else received.statuses
        applied = apply_statuses(statuses=statuses)
        return replace(stored, erased_statuses=applied.erased, erased_moves=old_moves)


def prepare_transaction(*, businesses: Sequence[UUID]) -> None:
    """Set planner options, see INDEX_PLANS, and lock these businesses until the end of the transaction, which the
    caller holds. Raises django.db.Error.
    """
    set_locally(**INDEX_PLANS)
    if businesses:
        fetch_rows(_LOCK_BUSINESSES, [array(businesses)])


def _receive_messages(received: Received) -> Stored:
    if not received.messages:
        return Stored()
    messages = distinct_messages(received.messages)
    found = _look_up_and_share(messages, received) if received.shares_businesses else look_up_senders(messages)
    new, old, erased_at = identify_customers(found=found, move_customers=move_customers)
    if not new:
        return Stored(erased=old)
    store_choices(messages=new)
    placed = place_messages(messages=new, erased_at=erased_at)
    messages_made, leads_made, files = _store(placed)
    left_out = _count_notices(new) - _count_notices(placed.messages)
    return Stored(messages=messages_made, leads=leads_made, left_out=left_out, media=files, erased=old)


def _look_up_and_share(messages: Sequence[IncomingMessage], received: Received) -> LookedUp:
    """Look up the senders and lock the businesses: shared where the customers are settled."""
    businesses = array(received.businesses)
    before = transaction.savepoint()
    fetch_rows(_SHARE_BUSINESSES, [businesses])
    found = look_up_senders(messages)
    if found.is_settled:
        transaction.savepoint_commit(before)
        return found
    # This unlocks them: two that share a lock and need it alone would wait for each other.
    transaction.savepoint_rollback(before)
    fetch_rows(_LOCK_BUSINESSES, [businesses])
    return look_up_senders(messages)


def _count_notices(messages: Iterable[tuple[IncomingMessage, UUID | None]]) -> int:
    """Choices about marketing, which are stored with the customer too, and parts of calls are not counted."""
    notices = (message.event for message, _ in messages if message.event.opens is Opens.NOTHING)
    return sum(event.stops_marketing is None and event.call is None for event in notices)


def _store(placed: Placed) -> tuple[int, int, int]:
    """Store messages, files, and leads of conversations without one. Returns how many of each are new."""
    # Read before the messages are stored: they replace placeholders, whose text a lead may have as its details.
    existing = Lead.objects.of_conversations(sorted({id_ for _, id_ in placed.messages if id_ not in placed.opened}))
    events = {message.key: message.event for message, _ in placed.messages}
    stored = [(row, events[row.key]) for row in Message.objects.store(placed.messages)]
    first, corrections = plan_leads(
        (
            FirstMessage(
                id=row.id,
                user_id=row.user_id,
                conversation_id=row.conversation_id,
                at=row.at,
                details=details_of(event.kind, event.content, event.extras),
                has_words=has_words(event.kind, event.content),
            )
            for row, event in stored
            if event.opens is Opens.LEAD
        ),
        existing,
    )
    brought = _earliest_referrals(stored)
    # A message that creates no lead may have brought the customer before: request_welcome has the referral of a tap on
    # an advertisement, and the words come in a later delivery. Where it joined an archived conversation, they open one.
    new = placed.opened - placed.returned
    joined = [message.conversation_id for message in first if message.conversation_id not in new]
    referrals = brought | Lead.objects.referrals_of(joined)
    Lead.objects.insert(
        [
            LeadRow(
                user_id=message.user_id,
                conversation_id=message.conversation_id,
                type=Lead.Type.INQUIRY,
                source=Lead.Source.WHATSAPP,
                details=message.details,
                first_message_id=message.id,
                referral=referrals.get(message.conversation_id),
            )
            for message in first
        ]
    )
    Lead.objects.correct(corrections)
    change_conversations(placed=placed, arrived=_arrived(stored))
    Lead.objects.set_referral(sorted(brought))
    return sum(row.is_new for row, _ in stored), len(first), StoredMedia.objects.add(_files(stored))


def _files(stored: Iterable[tuple[StoredMessage, MessageEvent]]) -> list[NewMedia]:
    return [
        NewMedia(row.user_id, row.id, position, media)
        for row, event in stored
        for position, media in enumerate(event.parts.get("media", ()))
    ]


def _arrived(stored: Iterable[tuple[StoredMessage, MessageEvent]]) -> dict[UUID, datetime]:
    """When the first new message that needs an answer was written, in each conversation that has one."""
    arrived: dict[UUID, datetime] = {}
    for row, event in stored:
        if row.is_new and event.is_turn and event.direction == "in":
            arrived[row.conversation_id] = min(arrived.get(row.conversation_id, row.at), row.at)
    return arrived


def _earliest_referrals(stored: Iterable[tuple[StoredMessage, MessageEvent]]) -> dict[UUID, str]:
    """The referral of each conversation's earliest message with one, as JSON: the event lead.created has it."""
    came = [(row, event) for row, event in stored if event.direction == "in"]
    brought = [(row, event.parts["referral"]) for row, event in came if "referral" in event.parts]
    latest_first = sorted(brought, key=lambda one: (one[0].at, one[0].provider_id), reverse=True)
    return {row.conversation_id: json.dumps(referral) for row, referral in latest_first}
