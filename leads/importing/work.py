"""What a worker does with uploaded files: dry runs and imports. The runs say what is to do; a job only wakes it."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import OperationalError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from leads.importing.batches import Counts, Refusal
from leads.importing.columns import UnknownColumns
from leads.importing.readers.files import Unreadable
from leads.importing.readers.rows import storable
from leads.importing.runs import Overtaken, close_run, import_rows, rehearse
from leads.importing.stored_files import FileGone, drop_file, open_file
from leads.importing.uploads import columns_of, open_run, options_of
from leads.models import ImportFile, ImportRun

log = structlog.get_logger(__name__)

State = ImportRun.State
# A batch takes well under a second; the way to the first one, of a long workbook, a minute.
STALE: Final = timedelta(minutes=10)
KEEP: Final = timedelta(days=7)
# A file over which so many workers died may be what kills them.
MAX_ATTEMPTS: Final = 3
# Small, so that the page shows progress: 50 000 rows in 25 steps.
BATCH_SIZE: Final = 2000
SHOWN_REFUSALS: Final = 20


class _Paused(Exception):
    """The worker is to end."""


def work_on(run_id: UUID, *, should_stop: Callable[[], bool]) -> None:
    """Do what the run wants done, unless another worker is at it. Its failure is noted with the run.

    Raises django.db.OperationalError, after which the run is taken up again, and what is a fault of ours.
    """
    run = _take(run_id)
    if run is None:
        return
    work = _try if run.state == State.TRYING else _import
    try:
        work(run, should_stop)
    except _Paused:
        _give_back(run)
    except Overtaken:
        log.info("import_overtaken", run=str(run.pk))
    except (Unreadable, UnknownColumns, FileGone) as error:
        _fail(run, str(error))
    except OperationalError:
        raise
    except Exception:
        _fail(run, "Something went wrong on our side, and the log says what. What is stored stays.")
        raise


def due() -> QuerySet[ImportRun]:
    """The runs that want a worker, the oldest first."""
    left = Q(updated_at__lt=timezone.now() - STALE)
    wanting = Q(state=State.WAITING) | Q(state=State.TRYING) & (Q(progress=None) | left) | Q(state=State.RUNNING) & left
    # A command's runs have no file here, and are the command's to resume.
    piece = ImportFile.objects.filter(user_id=OuterRef("user_id"), run_id=OuterRef("pk"), number=0)
    return ImportRun.objects.filter(wanting, Exists(piece)).order_by("pk")


def prune() -> None:
    """Forget files a week after anybody last did something with them, and with them what was never imported."""
    old = ImportRun.objects.filter(updated_at__lt=timezone.now() - KEEP)
    old.filter(state=State.PREVIEW).delete()
    over = old.exclude(state__in=(State.TRYING, State.WAITING, State.RUNNING))
    ImportFile.objects.filter(run__in=over).delete()


def _take(run_id: UUID) -> ImportRun | None:
    """The run, if it is to be done and is now ours. Opens the transaction."""
    with transaction.atomic():
        # Who is at work on it locks it for each batch.
        run = due().select_for_update(skip_locked=True, of=("self",)).filter(pk=run_id).first()
        if run is None:
            return None
        if run.progress is not None and run.state != State.WAITING:
            run.attempts += 1
        if run.attempts >= MAX_ATTEMPTS:
            _fail(run, f"{MAX_ATTEMPTS} workers have died over this file. Import it in smaller files.")
            return None
        run.state = State.TRYING if run.state == State.TRYING else State.RUNNING
        run.progress = run.progress or 0.0
        run.save(update_fields=["state", "progress", "attempts", "updated_at"])
    return run


def _import(run: ImportRun, should_stop: Callable[[], bool]) -> None:
    def tell(counts: Counts, position: float | None) -> bool:
        if should_stop():
            raise _Paused
        return False

    with open_file(run=run) as file:
        table = open_run(run, file)
        columns = columns_of(run, table.header)
        import_rows(
            run=run,
            table=table,
            columns=columns,
            options=options_of(run),
            batch_size=BATCH_SIZE,
            # Its rows may have been refused the last time for how it was read then.
            known=False,
            tell=tell,
        )
    run.refresh_from_db(fields=["state"])
    # Stopped after its last row, it can still be gone on with, and then ends well.
    if run.state == State.FINISHED:
        drop_file(run=run)


def _try(run: ImportRun, should_stop: Callable[[], bool]) -> None:
    refusals: list[Refusal] = []
    mine = ImportRun.objects.filter(pk=run.pk, state=State.TRYING)

    def refuse(refusal: Refusal) -> None:
        if len(refusals) < SHOWN_REFUSALS:
            refusals.append(refusal)

    def tell(counts: Counts, position: float | None) -> bool:
        if should_stop():
            raise _Paused
        going_on = mine.update(progress=position or 0.0, trial=asdict(counts), updated_at=timezone.now())
        return not going_on

    with open_file(run=run) as file:
        table = open_run(run, file)
        columns = columns_of(run, table.header)
        counts = rehearse(
            user_id=run.user_id,
            table=table,
            columns=columns,
            options=options_of(run),
            batch_size=BATCH_SIZE,
            refuse=refuse,
            tell=tell,
        )
    _end_trial(run, asdict(counts) | {"refusals": [_shown(refusal) for refusal in refusals]})


def _shown(refusal: Refusal) -> dict[str, Any]:
    cells = [storable(cell[:200]) for cell in refusal.row.cells[:50]]
    return {"line": refusal.row.line, "field": refusal.field or "", "reason": refusal.reason, "cells": cells}


def _fail(run: ImportRun, reason: str) -> None:
    _end_trial(run, {"error": reason})
    close_run(run, State.FAILED, reason)


def _end_trial(run: ImportRun, trial: dict[str, Any]) -> None:
    """Back to preview; nothing for a run that is no dry run (any more)."""
    trying = ImportRun.objects.filter(pk=run.pk, state=State.TRYING)
    trying.update(state=State.PREVIEW, trial=trial, progress=None, updated_at=timezone.now())


def _give_back(run: ImportRun) -> None:
    """Leave it to the next worker."""
    now = timezone.now()
    ImportRun.objects.filter(pk=run.pk, state=State.TRYING).update(progress=None, updated_at=now)
    ImportRun.objects.filter(pk=run.pk, state=State.RUNNING).update(state=State.WAITING, updated_at=now)
