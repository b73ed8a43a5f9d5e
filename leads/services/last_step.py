"""The undo of a status step, for who has made it: a slip, after which the rules of the statuses allow no way back."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from leads.models import Lead
from leads.services.change import check_version, lock_customer_of, unknown_lead, without_leaver, write_columns
from leads.services.refusals import LeadRefused
from leadsite.audit.models import AuditEntry
from leadsite.core import clock
from leadsite.core.postgresql.actors import ActorKind
from leadsite.core.transactions import retried

UNDO_FOR: Final = timedelta(hours=1)
_GIVEN_BACK: Final = ("status", "lost_reason")
_NONE: Final = gettext_noop(
    "A step can be undone for an hour, by the person who made it, unless the lead has been moved again since."
)


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
        write_columns(lead, without_leaver(lead, before))


def _takes_back(move: AuditEntry, step: AuditEntry) -> bool:
    """Whether a move is the undo of the step before it, and so no step itself."""
    ways = [(_given_back(one.before), _given_back(one.after)) for one in (move, step)]
    return move.actor_id == step.actor_id and ways[0] == ways[1][::-1]


def _given_back(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: columns[name] for name in _GIVEN_BACK if name in columns}
