"""Services that change a lead, or a chat with its leads, for the API and the admin, and that undo a status step, after
which the rules of the statuses may allow no way back. Many at a time: leads/bulk/.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from conversations.models import Conversation, Customer
from conversations.services.change import change_conversation
from leads.models import OPEN_STATUSES, Lead
from leads.services.refusals import LeadRefused
from leads.services.status_order import check_status
from leadsite.accounts.people.assigning import UNKNOWN_PERSON, may_be_assigned, stays_with_leaver
from leadsite.audit.models import AuditEntry
from leadsite.core import clock
from leadsite.core.postgresql.actors import ActorKind
from leadsite.core.transactions import retried

UNDO_FOR: Final = timedelta(hours=1)
_GIVEN_BACK: Final = ("status", "lost_reason")
_NONE: Final = gettext_noop(
    "A step can be undone for an hour, by the person who made it, unless the lead has been moved again since."
)


class UnknownLead(LeadRefused):
    """The business has no such lead."""


class StaleVersion(LeadRefused):
    """The lead has been changed since the client read it."""


@retried
def change_lead(
    *,
    user_id: UUID,
    lead_id: UUID,
    changes: Mapping[str, Any],
    version: int | None = None,
    may_assign: bool = False,
) -> Lead:
    """Change a lead of the business and return it with the changes. Opens the transaction.

    `changes`: new values of status, lost_reason, type, details, assigned_to_id; customer_name changes the customer.
    `version`: the version that the client read; None accepts any. `may_assign`: the caller has checked the assignee;
    otherwise a lead can be assigned to a person of the business.

    Raises UnknownLead, StaleVersion, StatusNotAllowed, LeadRefused; django.db.Error.
    """
    # Two changes of one lead at the same moment: the second waits for the customer's row, then sees the first.
    # See Note [Lock order] in create.py.
    with transaction.atomic():
        customer = lock_customer_of(user_id=user_id, lead_id=lead_id)
        lead = Lead.objects.filter(user_id=user_id, pk=lead_id).select_for_update().first()
        if lead is None:
            raise unknown_lead()
        check_version(lead, version)
        columns = dict(changes)
        name = columns.pop("customer_name", None)
        renamed = name is not None and name != customer.name
        if renamed:
            Customer.objects.filter(pk=customer.pk).update(name=name, updated_at=clock.now())
        check_status(lead, columns)
        if not may_assign:
            _check_assignee(lead, columns)
        # Also for a new name alone, so that its version protects it.
        _write_columns(lead, _without_leaver(lead, columns), anyway=renamed)
        return Lead.objects.select_related("conversation__customer").get(pk=lead.pk)


@retried
def change_chat(*, user_id: UUID, conversation_id: UUID, changes: Mapping[str, Any]) -> None:
    """Change a conversation; where that assigns it, to a person or to nobody, those of its open leads go along that
    nobody has, or who had the conversation. What somebody else has stays theirs. Opens the transaction.

    `changes` and what it raises: see change_conversation.
    """
    # Two people who assign it at the same moment: the customer's row orders them, and the second reads whom the first
    # has given it to.
    with transaction.atomic():
        Customer.objects.lock_owner_of(user_id=user_id, conversations=conversation_id)
        chat = Conversation.objects.filter(user_id=user_id, pk=conversation_id)
        former = chat.values_list("assigned_to_id", flat=True).first()
        change_conversation(user_id=user_id, conversation_id=conversation_id, changes=changes)
        if "assigned_to_id" not in changes:
            return
        given = Q(assigned_to_id=changes["assigned_to_id"])
        leads = Lead.objects.filter(user_id=user_id, conversation_id=conversation_id, status__in=OPEN_STATUSES)
        going = leads.filter(Q(assigned_to_id=None) | Q(assigned_to_id=former)).exclude(given)
        going.update(assigned_to_id=changes["assigned_to_id"], updated_at=clock.now())


def last_steps_of(leads: Iterable[Lead], *, person_id: UUID) -> dict[UUID, dict[str, Any]]:
    """Return, for leads whose last step the person has made just now, what they had before it; one statement, none
    where no lead has changed in this time.
    """
    since = clock.now() - UNDO_FOR
    statuses = {lead.pk: lead.status for lead in leads if lead.updated_at > since}
    if not statuses:
        return {}
    moves = AuditEntry.objects.filter(table_name=Lead._meta.db_table, row_id__in=statuses, at__gt=since)
    steps: dict[UUID, AuditEntry | None] = {}
    for move in moves.filter(action=AuditEntry.Action.UPDATE, after__has_key="status").order_by("id"):
        step = steps.get(move.row_id)
        steps[move.row_id] = None if step and _takes_back(move, step) else move
    return {
        lead_id: _given_back(step.before)
        for lead_id, step in steps.items()
        if step and step.after["status"] == statuses[lead_id]
        if (step.actor_kind, step.actor_id) == (ActorKind.PERSON, str(person_id))
    }


@retried
def undo_last_step(*, user_id: UUID, lead_id: UUID, person_id: UUID, version: int | None = None) -> None:
    """Give a lead the status and reason back that it had before the person's step. Opens the transaction.

    Raises UnknownLead, StaleVersion; LeadRefused where there is no such step; django.db.Error.
    """
    # As in change_lead: somebody who moves the lead at the same moment waits for the customer's row, or is seen here.
    with transaction.atomic():
        lock_customer_of(user_id=user_id, lead_id=lead_id)
        lead = Lead.objects.filter(user_id=user_id, pk=lead_id).select_for_update().first()
        if lead is None:
            raise unknown_lead()
        check_version(lead, version)
        before = last_steps_of([lead], person_id=person_id).get(lead.pk)
        if before is None:
            raise LeadRefused(_NONE, field="status")
        _write_columns(lead, _without_leaver(lead, before))


def lock_customer_of(*, user_id: UUID, lead_id: UUID) -> Customer:
    """Lock and return the customer of a lead; the lead may be deleted. Caller holds the transaction.

    Raises UnknownLead.
    """
    customer = Customer.objects.lock_owner_of(user_id=user_id, conversations__leads=lead_id)
    if customer is None:
        raise unknown_lead()
    return customer


def check_version(lead: Lead, version: int | None) -> None:
    """`version`: the one that the client read; None accepts any. Raises StaleVersion."""
    if version is not None and version != lead.version:
        raise StaleVersion(
            gettext_noop("The lead has been changed since: it is version %(version)s. Read it again.")
            % {"version": lead.version},
            field="version",
        )


def _without_leaver(lead: Lead, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return new values of a locked lead; where they open it, it does not stay with somebody who has left.

    Caller holds the transaction. Raises django.db.Error.
    """
    opens = lead.status not in OPEN_STATUSES and columns.get("status") in OPEN_STATUSES
    left = opens and stays_with_leaver(lead.user_id, lead.assigned_to_id, columns)
    return {**columns, "assigned_to_id": None} if left else dict(columns)


def _write_columns(lead: Lead, columns: Mapping[str, Any], *, anyway: bool = False) -> None:
    """Write what is new for a locked lead; where nothing is, nothing unless `anyway`. Caller holds the transaction."""
    changed = {column: value for column, value in columns.items() if getattr(lead, column) != value}
    if changed or anyway:
        Lead.objects.filter(pk=lead.pk).update(**changed, updated_at=clock.now())


def unknown_lead() -> UnknownLead:
    return UnknownLead(gettext_noop("There is no such lead."), field=None)


def _check_assignee(lead: Lead, columns: Mapping[str, Any]) -> None:
    """Raises LeadRefused."""
    person = columns.get("assigned_to_id")
    present = lead.assigned_to_id
    if person is not None and not may_be_assigned(business_id=lead.user_id, person_id=person, present=present):
        raise LeadRefused(UNKNOWN_PERSON, field="assigned_to")


def _takes_back(move: AuditEntry, step: AuditEntry) -> bool:
    """Whether a move is the undo of the step before it, and so no step itself."""
    ways = [(_given_back(one.before), _given_back(one.after)) for one in (move, step)]
    return move.actor_id == step.actor_id and ways[0] == ways[1][::-1]


def _given_back(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: columns[name] for name in _GIVEN_BACK if name in columns}
