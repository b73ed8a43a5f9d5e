"""Service that stores deliveries: messages with their customer, conversation and lead, all or none.

Note [Deliveries side by side]: a delivery of several messages locks many customers. Where two deliveries know a
customer, one by the number and one by the id, they lock the row at two places of the lock order, and their waits could
form a cycle. So such a delivery has its business to itself, by an advisory lock. The others, whose customers have one
place each (is_settled in conversations/customer_rows.py), share that lock. It must precede the look-up of the senders,
which says what a delivery is: so it is shared first, and where customers are not settled, given back and taken alone.
- Moves, parts of calls and several statuses have the business to themselves from the start: they lock in other orders,
  and of two parts of a call the second must find what the first has parked.
- A single message takes no such lock, unless it contradicts what is stored: of two changes of a customer's number, the
  second must find the first.
- Left is the cycle of two deliveries that bring one new id with two numbers, each beside the other's customer.
  PostgreSQL ends one of them, and it is repeated.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from conversations.incoming import IncomingMessage, MessageEvent, Opens, distinct_messages
from conversations.models import Message, NewMedia, StoredMedia
from conversations.models.inbound import StoredMessage
from conversations.services.identify import LookedUp, identify_customers, look_up_senders
from conversations.services.late_deliveries import without_erased_moves
from conversations.services.marketing import store_choices
from conversations.services.place import Placed, change_conversations, place_messages
from conversations.services.statuses import apply_statuses
from conversations.services.undelivered import lock_recipients, undelivered
from leads.first_messages import FirstMessage, details_of, has_words, plan_leads
from leads.models import Lead, LeadRow
from leads.received import Received, Stored
from leads.services.number_changes import move_customers
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import INDEX_PLANS, ConcurrentChange, set_locally

_LOCK_BUSINESSES: Final = """
    SELECT pg_advisory_xact_lock(hashtextextended('deliveries of ' || business, 0)) FROM unnest(%s::uuid[]) AS business
"""
_SHARE_BUSINESSES: Final = _LOCK_BUSINESSES.replace("pg_advisory_xact_lock", "pg_advisory_xact_lock_shared")


def receive_events(received: Received) -> Stored:
    """Store events, all or none. Stored messages stay as they are.

    A message from a customer joins the active conversation, reopens the newest if that is completed, or opens a new one
    (conversations/placing.py); a conversation without lead gets one. The lead's details are the text of the customer's
    earliest message until they are edited. Statuses are about outgoing messages.

    Joins the caller's transaction, or opens one. Locks: the businesses, see Note [Deliveries side by side], then see
    Note [Lock order]. The number of statements does not depend on the number of messages, moves and statuses; the lock
    of the businesses takes two more, and a merge of two customers, which few moves cause, has its own. Raises
    django.db.Error.
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
    found = look_up_senders(messages) if received.is_alone else _look_up_and_lock(messages, received.businesses)
    new, old, businesses, erased_at = identify_customers(found=found, move_customers=move_customers)
    if not new:
        return Stored(erased=old)
    store_choices(messages=new)
    placed = place_messages(messages=new, businesses=businesses, erased_at=erased_at)
    messages_made, leads_made, files = _store(placed)
    # Choices about marketing, which are stored with the customer, are not left out.
    left_out = sum(message.event.stops_marketing is None for message in placed.left_out)
    return Stored(messages=messages_made, leads=leads_made, left_out=left_out, media=files, erased=old)


def _look_up_and_lock(messages: Sequence[IncomingMessage], businesses: Sequence[UUID]) -> LookedUp:
    """Look up the senders, and lock the businesses as far as these need it: Note [Deliveries side by side]."""
    if len(messages) == 1:
        found = look_up_senders(messages)
        if not found.contradicts:
            return found
    elif settled := _look_up_and_share(messages, businesses):
        return settled
    fetch_rows(_LOCK_BUSINESSES, [array(businesses)])
    return look_up_senders(messages)


def _look_up_and_share(messages: Sequence[IncomingMessage], businesses: Sequence[UUID]) -> LookedUp | None:
    """Share the lock of the businesses and return the senders. Where these are not settled, give it back: two that
    share a lock, and need it alone, would wait for each other.
    """
    before = transaction.savepoint()
    fetch_rows(_SHARE_BUSINESSES, [array(businesses)])
    found = look_up_senders(messages)
    if found.is_settled:
        transaction.savepoint_commit(before)
        return found
    transaction.savepoint_rollback(before)
    return None


def _store(placed: Placed) -> tuple[int, int, int]:
    """Store messages, files, and leads of conversations without one. Returns how many of each are new."""
    # Read before the messages are stored: they replace placeholders, whose text a lead may have as its details.
    existing = Lead.objects.of_conversations(sorted({id_ for _, id_ in placed.messages if id_ not in placed.opened}))
    stored = _store_messages(placed)
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


def _store_messages(placed: Placed) -> list[tuple[StoredMessage, MessageEvent]]:
    events = {message.key: message.event for message, _ in placed.messages}
    stored = [(row, events[row.key]) for row in Message.objects.store(placed.messages)]
    if placed.fresh - {row.key for row, _ in stored}:
        # By another customer's delivery: the conversation that was opened for it here would stay without a message.
        raise ConcurrentChange("A message of this delivery was stored at the same moment.")
    return stored


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
