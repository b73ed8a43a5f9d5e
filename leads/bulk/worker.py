"""The worker's part of bulk changes. The state of a change says what to do; a job wakes the worker."""

import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog
from django.db import OperationalError, transaction
from django.utils.translation import gettext_noop

from leads.bulk.changes import STALE, due_bulk_changes, fail_bulk_change
from leads.bulk.chunks import process_chunk
from leads.models import BulkChange
from leads.pauses import Pauses
from leadsite.core import clock, failures
from leadsite.core.failures import Source
from leadsite.core.postgresql.actors import Actor, ActorKind, acting
from leadsite.core.transactions import RETRIED_SQLSTATES, end_if_idle, sqlstate, wait_for_turn

log = structlog.get_logger(__name__)

State = BulkChange.State
# While somebody holds a lock for long, an import with --atomic for example.
PAUSE_SECONDS: Final = 1.0
# A worker does four jobs at a time: after so long a change goes to the end of the jobs that others have queued.
TURN_SECONDS: Final = 5.0


def process_bulk_change(change_id: UUID, *, should_stop: Callable[[], bool]) -> bool:
    """Process the change or its undo until its end or that of its turn, unless another worker has it, or another change
    of the business is being processed; return whether it had a turn. An error is stored with the change.

    Raises django.db.OperationalError, after which another worker takes it, and any unexpected exception.
    """
    change = _take(change_id)
    if change is None:
        return False
    turn_ends, pauses = time.monotonic() + TURN_SECONDS, Pauses()
    try:
        with failures.entered(Source.WORKER, change.user_id), acting(_actor(change)):
            while not should_stop() and time.monotonic() < turn_ends:
                if not _next_chunk(change_id):
                    return True
                pauses.pause()
        _release(change_id)
        return True
    except OperationalError:
        raise
    except Exception:
        fail_bulk_change(
            change_id=change_id,
            reason=gettext_noop(
                "An unexpected error occurred; the log has its details. Leads that were changed stay changed."
            ),
        )
        raise


def _next_chunk(change_id: UUID) -> bool:
    try:
        return process_chunk(change_id=change_id)
    except OperationalError as error:
        if sqlstate(error) not in RETRIED_SQLSTATES:
            raise
        log.info("bulk_change_waits", change=str(change_id), sqlstate=sqlstate(error))
    BulkChange.objects.filter(pk=change_id).update(updated_at=clock.now())
    time.sleep(PAUSE_SECONDS)
    return True


def _actor(change: BulkChange) -> Actor:
    """Who made the change in the admin: not this worker."""
    person = change.person
    return Actor(ActorKind.PERSON, id=str(person.pk) if person else "", name=person.get_full_name() if person else "")


def _take(change_id: UUID) -> BulkChange | None:
    """Claim the change for this worker, and return it. Opens the transaction."""
    with transaction.atomic():
        end_if_idle()
        # A worker that is still processing it holds the row's lock during each chunk.
        change = due_bulk_changes().select_for_update(skip_locked=True).filter(pk=change_id).first()
        if change is None:
            return None
        # Two workers that look for another change of the business at the same moment would both find none.
        wait_for_turn("bulk changes", user_id=change.user_id)
        if _has_another(change):
            return None
        state = State.RUNNING if change.state in (State.WAITING, State.RUNNING) else State.UNDOING
        BulkChange.objects.filter(pk=change_id).update(state=state, updated_at=clock.now())
    return change


def _has_another(change: BulkChange) -> bool:
    """Whether a worker is processing another change of the business: they take one of its jobs together."""
    working = BulkChange.objects.filter(state__in=(State.RUNNING, State.UNDOING), updated_at__gt=clock.now() - STALE)
    return working.filter(user_id=change.user_id).exclude(pk=change.pk).exists()


def _release(change_id: UUID) -> None:
    """Leave the change to another worker."""
    for running, waiting in ((State.RUNNING, State.WAITING), (State.UNDOING, State.UNDO_WAITING)):
        BulkChange.objects.filter(pk=change_id, state=running).update(state=waiting, updated_at=clock.now())
