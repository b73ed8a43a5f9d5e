"""Service that stores customers from the previous system with their conversations, leads and messages."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from conversations.models import Conversation, Customer, Message, PastConversation, PastMessage
from conversations.phone import phone_key
from leads.migrating.lookups import find_all, first_words, new_ids
from leads.migrating.plan import Found, Plan, plan_customer
from leads.migrating.sources.records import CONVERSATIONS, LEADS, MESSAGES
from leads.migrating.staging import OldCustomer, OldMessage, RepairedRow, messages_of
from leads.migrating.values import read_message_status
from leads.models import Lead, LeadRow
from leadsite.core.statements import IsAnyOf
from leadsite.core.transactions import INDEX_PLANS, end_if_idle, retried, set_locally

_IN: Final = Message.Direction.IN.value
_STEP: Final = timedelta(microseconds=1)
# Triggers write no event for what happened elsewhere long ago: see leadsite/webhooks/sql/.
_SETTINGS: Final = INDEX_PLANS | {"leadsite.past": "on"}


@dataclass(slots=True)
class Stored:
    """What became of the rows of a batch: counts by (table, outcome), and the rows that were repaired.

    `made`: how many conversations and leads were made up for rows that had none.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    repaired: list[RepairedRow] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)

    def add(self, table: str, line: int, row_id: UUID, note: str, *, new: bool) -> None:
        """Count a row: stored as it was, repaired, or here already."""
        if note:
            self.repaired.append(RepairedRow(table, line, row_id, note))
        self.counts[table, "repaired" if note else "created" if new else "skipped"] += 1


@retried(source="import")
def store_customers(*, customers: Sequence[OldCustomer], dry_run: bool) -> Stored:
    """Store what the dump has of these customers, who belong to one business, and is not here yet. Opens the
    transaction; a dry run is rolled back.

    Raises django.db.Error.
    """
    business = customers[0].owner
    # Customers write at the same moment, and the command may run twice: the upsert locks the customers in the lock
    # order, and everything is looked up after that.
    with transaction.atomic():
        end_if_idle()
        set_locally(**_SETTINGS)
        upserted = Customer.objects.upsert(
            user_id=business, customers=[(one.phone, one.name) for one in customers], replace_names=False
        )
        given = {phone_key(one.phone): one.name for one in customers if one.name}
        nameless = [customer for key, customer in upserted.items() if not customer.name and key in given]
        Customer.objects.rename({customer.id: given[customer.phone_key] for customer in nameless})
        ids = {key: customer.id for key, customer in upserted.items()}
        found = find_all(business, ids)
        plans = _plan(found)
        stored = Stored()
        _insert_conversations(business, ids, plans)
        _insert_leads(business, plans)
        _insert_messages(business, plans, stored)
        leads = _make_leads(business, plans)
        _count(found, plans, leads, stored)
        if dry_run:
            transaction.set_rollback(True)
        return stored


def _plan(found: Mapping[str, Found]) -> dict[str, Plan]:
    fresh = iter(new_ids(len(found)))
    return {key: plan_customer(one, fresh) for key, one in found.items()}


def _insert_conversations(business: UUID, ids: Mapping[str, UUID], plans: Mapping[str, Plan]) -> None:
    Conversation.objects.insert_past(
        [
            PastConversation(
                one.id, business, ids[key], one.status, one.created_at, one.updated_at, one.last_message_at
            )
            for key, plan in plans.items()
            for one in plan.new_conversations
        ]
    )


def _insert_leads(business: UUID, plans: Mapping[str, Plan]) -> None:
    Lead.objects.insert(
        [
            LeadRow(
                business,
                lead.conversation_id,
                lead.type,
                Lead.Source.IMPORT,
                lead.details,
                lead.status,
                id=lead.id,
                created_at=lead.created_at,
                updated_at=max(lead.updated_at or lead.created_at, lead.created_at),
            )
            for plan in plans.values()
            for lead in plan.new_leads
            if lead.conversation_id is not None
        ]
    )


def _insert_messages(business: UUID, plans: Mapping[str, Plan], stored: Stored) -> None:
    """Insert the messages, each customer's in the order of time: messages of the same time keep that of the dump."""
    last: dict[UUID, datetime] = {}
    touched: set[UUID] = set()
    for messages in messages_of(business, plans):
        placed = [(message, _place_of(message, plans[message.key])) for message in messages]
        rows = [_row_of(business, message, place, last) for message, place in placed if place is not None]
        inserted = Message.objects.insert_past(rows)
        touched.update(row.conversation_id for row in rows if row.id in inserted)
        for message in messages:
            new = message.id in inserted
            stored.add(MESSAGES, message.line, message.id, message.note if new else "", new=new)
    Message.objects.set_times(list(touched))
    active = Conversation.objects.filter(IsAnyOf("pk", touched), status=Conversation.Status.ACTIVE)
    Conversation.objects.set_waiting(active.values_list("pk", flat=True))


def _place_of(message: OldMessage, plan: Plan) -> UUID | None:
    """The conversation of a message; None for one without, where all such messages are here already."""
    old = message.conversation_id
    return plan.strays if old is None else plan.targets.get(old, old)


def _row_of(business: UUID, message: OldMessage, place: UUID, last: dict[UUID, datetime]) -> PastMessage:
    sort_at = max(message.at, last[place] + _STEP) if place in last else message.at
    last[place] = sort_at
    status, error = ("received", "") if message.direction == _IN else read_message_status(message.status)
    updated_at = max(message.updated_at or message.at, message.at)
    return PastMessage(
        message.id,
        business,
        place,
        message.phone,
        message.direction,
        message.content,
        message.provider_id,
        status,
        error,
        message.at,
        updated_at,
        sort_at,
    )


def _make_leads(business: UUID, plans: Mapping[str, Plan]) -> dict[UUID, UUID]:
    """Make a lead for each new active conversation without one in which the customer wrote: each customer who writes is
    a lead. Return them by conversation.
    """
    without = first_words([conversation_id for plan in plans.values() for conversation_id in sorted(plan.without_lead)])
    lead_ids = Lead.objects.insert(
        [
            LeadRow(business, place, Lead.Type.INQUIRY, Lead.Source.IMPORT, details, created_at=at, updated_at=at)
            for place, at, details in without
        ]
    )
    return {place: lead_id for (place, _, _), lead_id in zip(without, lead_ids, strict=True)}


def _count(
    found: Mapping[str, Found], plans: Mapping[str, Plan], made_leads: Mapping[UUID, UUID], stored: Stored
) -> None:
    stored.made[LEADS] += len(made_leads)
    for key, one in found.items():
        plan = plans[key]
        stored.made[CONVERSATIONS] += plan.made
        new = {old.id for old in plan.new_conversations} | {lead.id for lead in plan.new_leads}
        for table, line, row_id in _rows_of(one):
            made = f"it had no lead: {made_leads[row_id]} was made" if row_id in made_leads else None
            note = "; ".join(filter(None, (plan.notes.get(row_id), made)))
            stored.add(table, line, row_id, note, new=row_id in new)


def _rows_of(found: Found) -> Iterator[tuple[str, int, UUID]]:
    for old in found.conversations:
        yield CONVERSATIONS, old.line, old.id
    for lead in found.leads:
        yield LEADS, lead.line, lead.id
