"""Services for bulk changes: staff choose leads of any number, and the same is written to each of them.

The choice is stored when the action is made (ChosenLead): what comes later is not part of it. Chunks are processed one
after the other (chunks.py): those of a small choice at once by the request, those of a large one by a worker
(worker.py).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet
from django.utils.translation import gettext_noop

from leads.models import BulkChange, ChosenLead, Lead
from leadsite.core import clock
from leadsite.core.postgresql.patience import limit_waiting
from leadsite.core.statements import ExistsByIndex, delete_in_batches
from leadsite.core.transactions import queue_job, retried, set_locally

State = BulkChange.State
DO_BULK_CHANGE: Final = "leads.tasks.do_bulk_change"
# Up to this number the request processes the leads itself.
AT_ONCE: Final = 500
# To choose a million leads takes longer than a request may otherwise wait (settings.DATABASE_WAIT_SECONDS).
CHOOSING_SECONDS: Final = 60
# A running change without a new chunk for this long has lost its worker.
STALE: Final = timedelta(minutes=1)
KEEP: Final = timedelta(days=30)
PRUNE_SIZE: Final = 10_000

UNFINISHED: Final = (State.WAITING, State.RUNNING)
UNDOING: Final = (State.UNDO_WAITING, State.UNDOING)
IN_PROGRESS: Final = (*UNFINISHED, *UNDOING)
UNDOABLE: Final = (State.FINISHED, State.CANCELLED, State.FAILED)


class WrongState(Exception):
    """The bulk change is not in a state that allows this; the message is a sentence for the person."""


@retried
def start_bulk_change(
    *, person_id: UUID, leads: QuerySet[Lead], values: Mapping[str, Any], business_id: UUID | None = None
) -> BulkChange:
    """Store which leads are to be changed, and how; return the bulk change. Opens the transaction.

    `leads`: those that the person may see. `values`: status with lost_reason, type, assigned_to_id, deleted. More than
    AT_ONCE leads are processed by a worker, fewer by the caller (chunks.py, `process_at_once`). `business_id`: whose
    the change is where no lead matches any more.

    Raises django.db.Error.
    """
    # Leads that change at the same moment: the values that are stored here are compared when each lead is locked.
    with limit_waiting(CHOOSING_SECONDS), transaction.atomic():
        set_locally(statement_timeout=f"{CHOOSING_SECONDS}s")
        change = BulkChange(user_id=business_id or person_id, person_id=person_id, values=_stored(values))
        change.save()
        change.total = ChosenLead.objects.choose(change_id=change.pk, leads=leads)
        owners = ChosenLead.objects.owners(change.pk)
        change.several = len(owners) > 1
        if owners:
            change.user_id = person_id if change.several else owners[0]
        if not change.total:
            change.state, change.finished_at = State.FINISHED, clock.now()
        change.save()
        if change.total > AT_ONCE:
            _wake_worker(change)
    return change


def cancel_bulk_change(*, change: BulkChange) -> None:
    """Stop the change after its current chunk. Raises WrongState."""
    _move(change, State.CANCELLED, allowed=UNFINISHED, finished_at=clock.now())


def resume_bulk_change(*, change: BulkChange) -> None:
    """Process the rest of a cancelled or failed change. Opens the transaction. Raises WrongState; django.db.Error."""
    stopped = (State.CANCELLED, State.FAILED)
    _move(change, State.WAITING, allowed=stopped, wake=True, undo_position=None, finished_at=None, error="")


def undo_bulk_change(*, change: BulkChange) -> None:
    """Give back what the change has written, where it is still there. Opens the transaction.

    More than AT_ONCE leads are processed by a worker, fewer by the caller (chunks.py, `process_at_once`).
    Raises WrongState; django.db.Error.
    """
    if not change.changed:
        raise WrongState(gettext_noop("This changed no lead: there is nothing to undo."))
    if not change.chosen.exists():
        raise WrongState(
            gettext_noop("This is older than %(days)s days and cannot be undone any more.") % {"days": KEEP.days}
        )
    wake = change.total > AT_ONCE
    _move(change, State.UNDO_WAITING, allowed=UNDOABLE, wake=wake, finished_at=None, error="")


def fail_bulk_change(*, change_id: UUID, reason: str) -> None:
    """Store that the change cannot continue."""
    now = clock.now()
    BulkChange.objects.filter(pk=change_id, state__in=IN_PROGRESS).update(
        state=State.FAILED, error=reason, finished_at=now, updated_at=now
    )


def due_bulk_changes() -> QuerySet[BulkChange]:
    """Return the changes that need a worker, oldest first: waiting ones, and those whose worker has died."""
    lost = Q(state__in=(State.RUNNING, State.UNDOING), updated_at__lt=clock.now() - STALE)
    return BulkChange.objects.filter(Q(state__in=(State.WAITING, State.UNDO_WAITING)) | lost).order_by("pk")


def next_bulk_change(change_id: UUID) -> UUID | None:
    """Return the business's oldest change that needs a worker, after this one has had its turn."""
    business = BulkChange.objects.filter(pk=change_id).values("user_id")
    return due_bulk_changes().filter(user_id__in=business).values_list("pk", flat=True).first()


def prune_bulk_changes() -> None:
    """Delete the chosen leads of changes that ended a month ago. In batches, each in its own transaction.

    Raises ClockDiffers.
    """
    old = BulkChange.objects.filter(finished_at__lt=clock.check_clock() - KEEP)
    chosen = ChosenLead.objects.filter(change=OuterRef("pk"))
    for change_id in list(old.filter(ExistsByIndex(chosen)).values_list("pk", flat=True)):
        # Somebody may resume it at the same moment: each batch looks again whether it has ended.
        rows = ChosenLead.objects.filter(change_id=change_id, change__in=old.values("pk"))
        delete_in_batches(rows, key="lead_id", size=PRUNE_SIZE)


def _move(change: BulkChange, to: str, *, allowed: Sequence[str], wake: bool = False, **columns: Any) -> None:
    """Change the state from an allowed one. Opens the transaction. Raises WrongState."""
    with transaction.atomic():
        rows = BulkChange.objects.filter(pk=change.pk, state__in=allowed)
        if "undo_position" in columns:  # what the undo has given back would be changed again
            rows = rows.filter(undo_position=None)
        if not rows.update(state=to, updated_at=clock.now(), **columns):
            raise WrongState(
                gettext_noop("This is not possible now: the state of the bulk change is another one. See the page.")
            )
        if wake:
            _wake_worker(change)
    change.refresh_from_db()


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, UUID) else value for name, value in values.items()}


def _wake_worker(change: BulkChange) -> None:
    """Queue a job, so that a worker starts at once; without it leads.tasks.sweep_bulk_changes would within a minute."""
    queue_job(DO_BULK_CHANGE, change_id=str(change.pk))
