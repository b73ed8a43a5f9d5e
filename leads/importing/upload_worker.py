"""The worker's part of uploads: previews, dry runs and imports.

The state of a run says what to do; a job wakes the worker.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import OperationalError, transaction
from django.utils.translation import gettext_noop

from leads.importing.batches import Counts, Refusal, validate
from leads.importing.columns.fields import UnknownColumns
from leads.importing.dry_run import FirstChanges, dry_run_import
from leads.importing.isolated.reading import IsolatedBatches, read_first_rows
from leads.importing.preview import Preview, stored_form
from leads.importing.readers.files import UnreadableFile
from leads.importing.readers.rows import storable
from leads.importing.resume import before_of, due_uploads, has_another
from leads.importing.runs import Overtaken, close_run, import_rows
from leads.importing.stored_files import FileGone, drop_file
from leads.importing.uploads import options_of
from leads.models import ImportFile, ImportRun
from leads.pauses import Pauses
from leadsite.core import clock
from leadsite.core.statements import delete_in_batches
from leadsite.core.transactions import end_if_idle, wait_for_turn

log = structlog.get_logger(__name__)

State = ImportRun.State
KEEP: Final = timedelta(days=7)
# A file on which this many workers were killed without storing a batch may be the cause: it is not tried again.
MAX_ATTEMPTS: Final = 3
# Small, so that the page shows progress: 50 000 rows in 25 steps.
BATCH_SIZE: Final = 2000
SHOWN_REFUSALS: Final = 20
SHOWN_CHANGES: Final = 50
SHOWN_LETTERS: Final = 200
# Of files, deleted in a transaction: so many MB.
PRUNED_PIECES: Final = 100


class _Paused(Exception):
    """The worker process is stopping."""


def process_upload(run_id: UUID, *, should_stop: Callable[[], bool]) -> bool:
    """Read the run's preview, or carry out its dry run or import, unless another worker has it, or it has to wait for
    another one of the business; return whether it had its turn.

    An error is stored with the run.

    Raises django.db.OperationalError, after which another worker takes the run, and any unexpected exception.
    """
    run = _take(run_id)
    if run is None:
        return False
    try:
        _process(run, should_stop)
    except _Paused:
        _release(run)
    except Overtaken:
        log.info("import_overtaken", run=str(run.pk))
    except (UnreadableFile, UnknownColumns, FileGone) as error:
        _fail(run, str(error))
    except OperationalError:
        raise
    except Exception:
        _fail(run, gettext_noop("An unexpected error occurred; the log has its details. Rows that were stored remain."))
        raise
    return True


def _process(run: ImportRun, should_stop: Callable[[], bool]) -> None:
    if run.preview is None and not run.read and _read_preview(run, should_stop):
        return
    if run.state != State.PREVIEW:
        (_try if run.state == State.TRYING else _import)(run, should_stop)


def prune_uploads() -> None:
    """Delete files whose run has not changed for a week, and runs that were never imported. Raises ClockDiffers."""
    old = ImportRun.objects.filter(updated_at__lt=clock.check_clock() - KEEP)
    over = old.exclude(state__in=(State.TRYING, State.WAITING, State.RUNNING))
    delete_in_batches(ImportFile.objects.filter(run__in=over.values("pk")), size=PRUNED_PIECES)
    old.filter(state=State.PREVIEW).delete()


def _take(run_id: UUID) -> ImportRun | None:
    """Claim the run for this worker; None where it is not due. Opens the transaction."""
    with transaction.atomic():
        end_if_idle()
        # A worker that is still importing it holds the row's lock during each batch.
        run = due_uploads().select_for_update(skip_locked=True, of=("self",)).filter(pk=run_id).first()
        if run is None:
            return None
        # Two workers that look for another upload of the business at the same moment would both find none.
        wait_for_turn("uploads", user_id=run.user_id)
        if has_another(run):
            return None
        if (run.progress is not None and run.state != State.WAITING) or run.state == State.PREVIEW:
            run.attempts += 1
        if run.attempts >= MAX_ATTEMPTS:
            _fail(
                run,
                gettext_noop(
                    "%(max_attempts)s workers were killed while they read this file. Import it in smaller files."
                )
                % {"max_attempts": MAX_ATTEMPTS},
            )
            return None
        if run.state != State.PREVIEW:
            run.state = State.TRYING if run.state == State.TRYING else State.RUNNING
            run.progress = run.progress or 0.0
        run.claim += 1
        run.save(update_fields=["state", "progress", "attempts", "claim", "updated_at"])
    return run


def _read_preview(run: ImportRun, should_stop: Callable[[], bool]) -> bool:
    """Store the run's preview. Where it has a problem, return the run to preview, and return True.

    Raises FileGone, Overtaken; django.db.Error.
    """

    def still_reads() -> None:
        if not run.claimed().update(updated_at=clock.now()):
            raise Overtaken

    try:
        preview, batch = read_first_rows(run, still_reads=still_reads)
        found = validate(batch, user_id=run.user_id, options=options_of(run))
        preview.refuse({refusal.row.line: refusal.reason for refusal in found.refusals})
    except (UnreadableFile, FileGone) as error:
        if should_stop():
            raise _Paused from error
        preview = Preview(problem=str(error))
    _store_preview(run, preview)
    return bool(preview.problem)


def _store_preview(run: ImportRun, preview: Preview) -> None:
    """Store it, unless the options have been changed since it was read: then the run is due again."""
    stored: dict[str, Any] = {"preview": stored_form(preview), "updated_at": clock.now()}
    stored |= {"columns": stored["preview"]["header"], "format": preview.format}
    unread = run.claimed().filter(preview__isnull=True, options=run.options)
    if unread.update(**stored) and preview.problem:
        run.claimed().filter(state=run.state).update(state=State.PREVIEW, progress=None)


def _import(run: ImportRun, should_stop: Callable[[], bool]) -> None:
    pauses = Pauses()

    def tell(counts: Counts, position: float | None) -> bool:
        if should_stop():
            raise _Paused
        pauses.pause()
        return False

    unread = IsolatedBatches(run, size=BATCH_SIZE, skip=run.read)
    with closing(iter(unread)) as batches:
        import_rows(
            run=run,
            batches=batches,
            options=options_of(run),
            before=before_of(run),
            tell=tell,
            notes=lambda: unread.notes,
        )
    run.refresh_from_db(fields=["state"])
    # A run that was stopped after its last row can still be resumed, and needs its file then.
    if run.state == State.FINISHED:
        drop_file(run=run)


def _try(run: ImportRun, should_stop: Callable[[], bool]) -> None:
    refusals: list[Refusal] = []
    changes = FirstChanges(SHOWN_CHANGES)
    mine = run.claimed().filter(state=State.TRYING)

    def refuse(refusal: Refusal) -> None:
        if len(refusals) < SHOWN_REFUSALS:
            refusals.append(refusal)

    def tell(counts: Counts, position: float | None) -> bool:
        if should_stop():
            raise _Paused
        still_trying = mine.update(progress=position or 0.0, trial=asdict(counts), updated_at=clock.now())
        return not still_trying

    unread = IsolatedBatches(run, size=BATCH_SIZE)
    with closing(iter(unread)) as batches:
        counts = dry_run_import(
            user_id=run.user_id,
            batches=batches,
            options=options_of(run),
            before=before_of(run),
            refuse=refuse,
            show=changes.add,
            tell=tell,
        )
    changed = {"changes": changes.shown(letters=SHOWN_LETTERS), "changed_fields": changes.counts}
    shown = {"refusals": [_shown(refusal) for refusal in refusals], "notes": list(map(storable, unread.table_notes))}
    _end_trial(run, asdict(counts) | shown | changed)


def _shown(refusal: Refusal) -> dict[str, Any]:
    cells = [storable(cell[:200]) for cell in refusal.row.cells[:50]]
    return {"line": refusal.row.line, "field": refusal.field or "", "reason": refusal.reason, "cells": cells}


def _fail(run: ImportRun, reason: str) -> None:
    if run.state == State.PREVIEW:
        _store_preview(run, Preview(problem=reason))
        return
    _end_trial(run, {"error": reason})
    close_run(run, State.FAILED, reason)


def _end_trial(run: ImportRun, trial: dict[str, Any]) -> None:
    """Store the result of a dry run and return to preview; does nothing for a run that is not in a dry run."""
    trying = run.claimed().filter(state=State.TRYING)
    trying.update(state=State.PREVIEW, trial=trial, progress=None, updated_at=clock.now())


def _release(run: ImportRun) -> None:
    """Leave the run to another worker."""
    now, mine = clock.now(), run.claimed()
    mine.filter(state=State.PREVIEW).update(attempts=0, updated_at=now)
    mine.filter(state=State.TRYING).update(progress=None, updated_at=now)
    mine.filter(state=State.RUNNING).update(state=State.WAITING, updated_at=now)
