"""Resumes an import: finds the run that stopped before its end, and continues after the rows that it has stored.

Each batch is stored in one transaction with the counts of its run (runs.py, `_store`). So whenever a process dies, the
run's `read` is the number of rows of the file that are done, and the process that resumes it skips them. A run of the
command is resumed by `import_leads --resume` with the same file; an upload by any worker, or by staff on its page.
"""

import json
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from leads.models import ImportFile, ImportRun

State = ImportRun.State
UNFINISHED: Final = (State.WAITING, State.RUNNING, State.INTERRUPTED, State.FAILED)
# A run without progress for this long has lost its worker: a batch takes less than a second, reading up to the first
# one of a long workbook a minute.
STALE: Final = timedelta(minutes=10)


class OptionsChanged(Exception):
    """The run to be resumed was started with other options."""


def earlier_runs(*, user_id: UUID, file_hash: str) -> QuerySet[ImportRun]:
    """Return the runs of the same file, newest first. `file_hash` is its SHA-256."""
    return ImportRun.objects.filter(user_id=user_id, file_hash=file_hash).exclude(file_hash="").order_by("-pk")


def resume_run(*, user_id: UUID, file_hash: str, options: dict[str, Any]) -> ImportRun | None:
    """Return the newest unfinished run of the same file, set to running; None where there is none.

    Raises OptionsChanged.
    """
    run = earlier_runs(user_id=user_id, file_hash=file_hash).filter(state__in=UNFINISHED).first()
    if run is None:
        return None
    if run.options != options:
        raise OptionsChanged(f"Run {run.pk} was started with other options: {json.dumps(run.options)}.")
    ImportRun.objects.filter(pk=run.pk).update(state=State.RUNNING, error="", finished_at=None)
    run.refresh_from_db()
    return run


def due_uploads() -> QuerySet[ImportRun]:
    """Return the uploads that need a worker, oldest first: waiting ones, and those whose worker has died."""
    stale = Q(updated_at__lt=timezone.now() - STALE)
    due = Q(state=State.WAITING) | Q(state=State.TRYING) & (Q(progress=None) | stale) | Q(state=State.RUNNING) & stale
    # The runs of import_leads have no stored file and are resumed by the command.
    piece = ImportFile.objects.filter(user_id=OuterRef("user_id"), run_id=OuterRef("pk"), number=0)
    return ImportRun.objects.filter(due, Exists(piece)).order_by("pk")
