"""Processes the leads of a bulk change in chunks, each in its own short transaction: a customer who writes at the same
moment waits for one chunk at most.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.text import capfirst

from conversations.services.locking import lock_customers_of
from leads.bulk.changes import IN_PROGRESS, UNDOING, fail_bulk_change
from leads.bulk.outcomes import CHANGED, is_deletion, outcome_of, target_of, undo_outcome_of
from leads.models import OPEN_STATUSES, BulkChange, ChosenLead, Lead
from leads.models.bulk import Chosen, LeadValues
from leadsite.accounts.people.assigning import hold_assignable
from leadsite.accounts.people.services import NOT_HERE
from leadsite.core import clock, failures
from leadsite.core.failures import Source
from leadsite.core.transactions import end_if_idle, retried

State = BulkChange.State
# A chunk takes about a tenth of a second.
CHUNK_SIZE: Final = 500
# How long a chunk waits for a row that somebody has locked, with its own rows locked.
LOCK_SECONDS: Final = 2


def process_at_once(*, change: BulkChange) -> None:
    """Process all chunks now. Raises django.db.Error, after which a worker continues within a minute."""
    with failures.entered(Source.ADMIN, change.user_id):
        while process_chunk(change_id=change.pk):
            pass
    change.refresh_from_db()


@retried
def process_chunk(*, change_id: UUID) -> bool:
    """Process the next chunk of the change or of its undo; return whether there may be more. Opens the transaction.

    Raises django.db.Error.
    """
    # Two workers with the same change: the lock of its row orders them, and each finds the position of the other.
    # Customers who write, and staff who change a lead, wait for the customer's row: Note [Lock order] in create.py.
    with transaction.atomic():
        end_if_idle(lock_timeout=f"{LOCK_SECONDS}s")
        change = BulkChange.objects.select_for_update().filter(pk=change_id, state__in=IN_PROGRESS).first()
        if change is None:
            return False
        undo = change.state in UNDOING
        chunk = ChosenLead.objects.chunk(
            change_id=change.pk,
            after=change.undo_position if undo else change.position,
            until=change.position if undo else None,
            limit=CHUNK_SIZE,
        )
        if not chunk:
            _finish(change, State.UNDONE if undo else State.FINISHED)
            return False
        (_undo_chunk if undo else _change_chunk)(change, chunk)
        return True


def _change_chunk(change: BulkChange, chunk: Sequence[Chosen]) -> None:
    present = _lock(chunk)
    if _assignee_has_left(change, chunk):
        fail_bulk_change(change_id=change.pk, reason=NOT_HERE)
        return
    outcomes: dict[UUID, str] = {}
    rows: list[tuple[UUID, LeadValues]] = []
    for lead in chunk:
        now = present.get(lead.lead_id)
        outcomes[lead.lead_id] = outcome_of(chosen=lead.values, present=now, values=change.values)
        if now is not None and outcomes[lead.lead_id] == CHANGED:
            rows.append((lead.lead_id, now if is_deletion(change.values) else target_of(change.values, now)))
    if is_deletion(change.values):
        lead_ids = [lead_id for lead_id, _ in rows]
        _log(change, lead_ids, "Deleted.")
        Lead.objects.delete_with_conversations(lead_ids, person_id=change.person_id)
    else:
        _write(change, _without_left(rows, chunk, present))
    kept = [(lead_id, outcome) for lead_id, outcome in outcomes.items() if outcome != CHANGED]
    ChosenLead.objects.set_outcomes(change_id=change.pk, outcomes=kept)
    counts = {name: F(name) + count for name, count in Counter(outcomes.values()).items()}
    _advance(change, State.RUNNING, position=chunk[-1].lead_id, **counts)


def _undo_chunk(change: BulkChange, chunk: Sequence[Chosen]) -> None:
    present = _lock(chunk)
    restored = _restore(change, chunk) if is_deletion(change.values) else _give_back(change, chunk, present)
    counts = {"restored": F("restored") + restored, "remaining": F("remaining") + len(chunk) - restored}
    _advance(change, State.UNDOING, undo_position=chunk[-1].lead_id, **counts)


def _restore(change: BulkChange, chunk: Sequence[Chosen]) -> int:
    """Restore the leads that the person has deleted; return how many are not deleted any more by this. Not those that
    somebody else has restored and deleted since, and not those whose external id is taken.
    """
    ids = [lead.lead_id for lead in chunk]
    mine = Lead.all_objects.filter(pk__in=ids, deleted_by=change.person_id).values_list("pk", flat=True)
    restored, _ = Lead.objects.restore_with_conversations(list(mine))
    _log(change, list(restored), "Restored.")
    return len(restored)


def _give_back(change: BulkChange, chunk: Sequence[Chosen], present: Mapping[UUID, LeadValues]) -> int:
    """Write the former values where nobody has written since; return to how many leads."""
    rows = []
    for lead in chunk:
        now = present.get(lead.lead_id)
        if now is not None and undo_outcome_of(present=now, values=change.values):
            before = {name: getattr(lead.values, name) for name in change.values}
            rows.append((lead.lead_id, now._replace(**before)))
    _write(change, _without_left(rows, chunk, present))
    return len(rows)


def _assignee_has_left(change: BulkChange, chunk: Sequence[Chosen]) -> bool:
    """Whether the person whom the change assigns leads to has been removed from the business since it was begun."""
    person = change.values.get("assigned_to_id")
    given = {(lead.business_id, UUID(person)) for lead in chunk if lead.business_id} if person else set()
    return hold_assignable(given) != given


def _without_left(
    rows: Sequence[tuple[UUID, LeadValues]], chunk: Sequence[Chosen], present: Mapping[UUID, LeadValues]
) -> list[tuple[UUID, LeadValues]]:
    """Return `rows` without the people who would get an open lead by them and have left meanwhile: their work is taken
    back only once (leads/services/release.py).
    """
    businesses = {lead.lead_id: lead.business_id for lead in chunk}
    given = {
        lead_id: (business_id, values.assigned_to_id)
        for lead_id, values in rows
        if (business_id := businesses[lead_id]) and values.assigned_to_id and values.status in OPEN_STATUSES
        if (present[lead_id].assigned_to_id, present[lead_id].status in OPEN_STATUSES) != (values.assigned_to_id, True)
    }
    here = hold_assignable(set(given.values()))
    left = {lead_id for lead_id, pair in given.items() if pair not in here}
    return [(lead_id, values._replace(assigned_to_id=None) if lead_id in left else values) for lead_id, values in rows]


def _lock(chunk: Sequence[Chosen]) -> dict[UUID, LeadValues]:
    owners = {lead.lead_id: lead.customer_id for lead in chunk if lead.customer_id}
    lock_customers_of(Lead, "conversation__customer_id", owners)
    return ChosenLead.objects.lock_leads([lead.lead_id for lead in chunk])


def _write(change: BulkChange, rows: Sequence[tuple[UUID, LeadValues]]) -> None:
    """Write the leads, and an entry in the history of each."""
    ChosenLead.objects.write_leads(rows)
    fields = [capfirst(name.removesuffix("_id").replace("_", " ")) for name in change.values]
    _log(change, [lead_id for lead_id, _ in rows], json.dumps([{"changed": {"fields": fields}}]))


def _log(change: BulkChange, lead_ids: Sequence[UUID], message: str) -> None:
    if change.person_id is not None:
        ChosenLead.objects.log_changes(person_id=change.person_id, lead_ids=lead_ids, message=message)


def _advance(change: BulkChange, state: str, **columns: Any) -> None:
    BulkChange.objects.filter(pk=change.pk).update(state=state, updated_at=clock.now(), **columns)


def _finish(change: BulkChange, state: str) -> None:
    now = clock.now()
    BulkChange.objects.filter(pk=change.pk).update(state=state, finished_at=now, updated_at=now)
