"""Decides what becomes of a customer's conversations and leads from the previous system. Pure functions.

The previous system opened a conversation for every lead, and where a customer had two active ones, another for every
message. Here a customer has one active conversation: the active ones of a customer become one, the oldest, with the
messages and leads of all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

_ACTIVE: Final = "active"
_COMPLETED: Final = "completed"
_NEW: Final = "new"
_OPEN_LEADS: Final = frozenset({_NEW, "contacted", "qualified"})
# Leads that say the same were created by a request sent twice, if no more time is between them.
TWICE: Final = timedelta(seconds=60)


class OldConversation(NamedTuple):
    """`here`: it was stored before. `moved_to`: the conversation here that has its messages or leads."""

    id: UUID
    line: int
    status: str
    created_at: datetime
    updated_at: datetime | None
    last_message_at: datetime | None
    note: str
    here: bool = False
    moved_to: UUID | None = None


class OldLead(NamedTuple):
    id: UUID
    line: int
    conversation_id: UUID | None
    type: str
    status: str
    details: str
    created_at: datetime
    updated_at: datetime | None
    note: str
    here: bool = False


class Here(NamedTuple):
    """The customer's conversation here: the active one, otherwise the newest."""

    id: UUID
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everything about one customer. `strays`: when the first message without conversation was written, if any."""

    conversations: Sequence[OldConversation]
    leads: Sequence[OldLead]
    here: Here | None = None
    strays: datetime | None = None


class NewConversation(NamedTuple):
    id: UUID
    status: str
    created_at: datetime
    updated_at: datetime
    last_message_at: datetime | None


@dataclass(slots=True)
class Plan:
    """What to write for a customer.

    `targets`: where the messages of each old conversation go; `strays`: where those without one go. `new_leads` have
    their conversation in `conversation_id`. `without_lead`: new active conversations that need a lead if the customer
    wrote in them. `notes`: of repaired rows, by their id; rows that are neither new nor noted are here already.
    """

    targets: dict[UUID, UUID] = field(default_factory=dict)
    strays: UUID | None = None
    new_conversations: list[NewConversation] = field(default_factory=list)
    made: int = 0
    new_leads: list[OldLead] = field(default_factory=list)
    without_lead: set[UUID] = field(default_factory=set)
    notes: dict[UUID, str] = field(default_factory=dict)


def plan_customer(found: Found, new_ids: Iterator[UUID]) -> Plan:
    """Decide about one customer. `new_ids` yields an id for each conversation that has to be made up."""
    plan = Plan()
    _place_conversations(found, plan)
    _choose_leads(found, plan)
    _place_strays(found, plan, new_ids)
    _find_without_lead(found, plan)
    return plan


def _place_conversations(found: Found, plan: Plan) -> None:
    for old in found.conversations:
        if old.here or old.moved_to:
            plan.targets[old.id] = old.moved_to or old.id
        elif old.status != _ACTIVE:
            _keep(old, plan)
    _place_active([old for old in found.conversations if old.status == _ACTIVE], found.here, plan)


def _place_active(active: Sequence[OldConversation], here: Here | None, plan: Plan) -> None:
    """The active conversations of the dump join the one of them that is here, or the customer's active one here, or
    become one conversation.
    """
    in_order = sorted(active, key=lambda old: (old.created_at, old.id))
    target = next((plan.targets[old.id] for old in in_order if old.id in plan.targets), None)
    was_here = target is not None
    if target is None and here is not None and here.status == _ACTIVE:
        target = here.id
    for old in in_order:
        if old.id in plan.targets:
            continue
        if target is None:
            _keep(old, plan)
            target = old.id
        else:
            plan.targets[old.id] = target
            if not was_here:
                plan.notes[old.id] = f"merged into the customer's active conversation {target}"


def _keep(old: OldConversation, plan: Plan) -> None:
    plan.targets[old.id] = old.id
    updated_at = max(old.updated_at or old.created_at, old.created_at)
    plan.new_conversations.append(NewConversation(old.id, old.status, old.created_at, updated_at, old.last_message_at))
    if old.note:
        plan.notes[old.id] = old.note


def _choose_leads(found: Found, plan: Plan) -> None:
    """Leads that are new here, each once. Of leads that say the same the one that was worked on stays."""
    kept: dict[tuple[str, str], list[OldLead]] = {}
    for lead in sorted(found.leads, key=lambda one: (not one.here, one.status == _NEW, one.created_at, one.id)):
        same = kept.setdefault((lead.type, lead.details.strip()), [])
        first = next((other for other in same if _is_twice(lead, other)), None) if not lead.here else None
        if first is None:
            same.append(lead)
            if not lead.here:
                plan.new_leads.append(lead)
                if lead.note:
                    plan.notes[lead.id] = lead.note
        elif not first.here:
            plan.notes[lead.id] = f"the same lead as {first.id}"


def _is_twice(lead: OldLead, other: OldLead) -> bool:
    return lead.status in (_NEW, other.status) and abs(lead.created_at - other.created_at) <= TWICE


def _place_strays(found: Found, plan: Plan, new_ids: Iterator[UUID]) -> None:
    """Give leads and messages without a conversation the customer's active one, the newest, or a new one.

    A lead may also name a conversation that is here and not in the dump.
    """
    alone = [lead for lead in plan.new_leads if lead.conversation_id is None]
    place = _place_of_strays(found, plan)
    if place is None and (alone or found.strays):
        begin = min([lead.created_at for lead in alone] + ([found.strays] if found.strays else []))
        is_open = found.strays is not None or any(lead.status in _OPEN_LEADS for lead in alone)
        place = next(new_ids)
        plan.new_conversations.append(NewConversation(place, _ACTIVE if is_open else _COMPLETED, begin, begin, None))
        plan.made += 1
    plan.strays = place
    plan.new_leads = [lead._replace(conversation_id=_target_of(lead, plan) or place) for lead in plan.new_leads]


def _target_of(lead: OldLead, plan: Plan) -> UUID | None:
    return plan.targets.get(lead.conversation_id, lead.conversation_id) if lead.conversation_id else None


def _place_of_strays(found: Found, plan: Plan) -> UUID | None:
    here = found.here
    if here is not None and here.status == _ACTIVE:
        return here.id
    if plan.new_conversations:
        return max(plan.new_conversations, key=lambda one: (one.status == _ACTIVE, one.created_at, one.id)).id
    return here.id if here is not None and here.status == _COMPLETED else None


def _find_without_lead(found: Found, plan: Plan) -> None:
    with_lead = {lead.conversation_id for lead in plan.new_leads} | {_target_of(lead, plan) for lead in found.leads}
    plan.without_lead = {one.id for one in plan.new_conversations if one.status == _ACTIVE and one.id not in with_lead}
