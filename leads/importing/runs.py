"""An import from its first row to its last: batches, each in one transaction with the counts of its run.

A run that was killed has stored whole batches, and says how many rows they were: it goes on after them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from leads.importing.batches import Batch, Counts, DryRun, Options, Refusal, judge, load
from leads.importing.readers.rows import Row, storable
from leads.models import ImportRefusal, ImportRun
from leads.services.undo import UndoStep, undo_leads
from leadsite.core.transactions import retried

State = ImportRun.State
UNFINISHED: Final = (State.WAITING, State.RUNNING, State.INTERRUPTED, State.FAILED)
BATCH_SIZE: Final = 5000
UNDO_SIZE: Final = 2000
Refuse = Callable[[Refusal], None]
Work = Callable[[Batch], tuple[Counts, list[Refusal]]]
Tell = Callable[[Counts, float | None], bool]


class Overtaken(Exception):
    """Another process is at work on this run."""


class RowsRefused(Exception):
    """Rows were refused of a file that is to be stored as a whole or not at all; nothing was written."""


def earlier_runs(*, user_id: UUID, file_hash: str) -> QuerySet[ImportRun]:
    """The runs of the same file, the newest first."""
    return ImportRun.objects.filter(user_id=user_id, file_hash=file_hash).exclude(file_hash="").order_by("-pk")


def import_rows(*, run: ImportRun, batches: Iterable[Batch], options: Options, known: bool, tell: Tell) -> Counts:
    """Store `batches`, the rows after those that the run has read; return the counts of the whole run.

    Each batch opens a transaction: its leads, its refusals and the run's counts. `known`: the file was imported before,
    so its rows are judged and skipped. `tell` is told the counts after each batch, and stops by True.

    Raises Overtaken, UnreadableFile, django.db.Error; what was stored until then stays, and the run says how much.
    """
    counts = Counts(**{name: getattr(run, name) for name in Counts.__slots__})
    work = _judging(run, options) if known else _loading(run, options)
    for batch in batches:
        counts.add(_store(run=run, batch=batch, read=counts.read, work=work))
        if tell(counts, batch.position):
            close_run(run, State.INTERRUPTED)
            return counts
    close_run(run, State.FINISHED)
    return counts


def _loading(run: ImportRun, options: Options) -> Work:
    return lambda batch: load(batch, user_id=run.user_id, run_id=run.pk, options=options)


def _judging(run: ImportRun, options: Options) -> Work:
    return lambda batch: judge(batch, user_id=run.user_id, options=options)


@retried
def _store(*, run: ImportRun, batch: Batch, read: int, work: Work) -> Counts:
    # Who resumes a run that is still going meets it here: the second to come finds that the rows are stored.
    with transaction.atomic():
        mine = ImportRun.objects.select_for_update().filter(pk=run.pk).values_list("read", "state").first()
        if mine != (read, State.RUNNING):
            raise Overtaken("Another process is importing this run, or has ended it.")
        counts, refusals = work(batch)
        ImportRefusal.objects.bulk_create([_row_of(run, refusal) for refusal in refusals])
        ImportRun.objects.filter(pk=run.pk).update(
            progress=batch.position,
            updated_at=timezone.now(),
            **{name: F(name) + value for name, value in asdict(counts).items()},
        )
        return counts


def _row_of(run: ImportRun, refusal: Refusal) -> ImportRefusal:
    return ImportRefusal(
        user_id=run.user_id,
        run=run,
        line=refusal.row.line,
        field=refusal.field or "",
        reason=refusal.reason,
        cells=list(map(storable, refusal.row.cells)),
    )


def close_run(run: ImportRun, state: str, error: str = "") -> None:
    """Say how the run ended. A run that another process has taken over or ended is left alone."""
    now = timezone.now()
    ImportRun.objects.filter(pk=run.pk, state=State.RUNNING).update(
        state=state,
        error=error,
        updated_at=now,
        finished_at=now,
        progress=1.0 if state == State.FINISHED else F("progress"),
    )


def import_whole(*, run: ImportRun, batches: Iterable[Batch], options: Options, refuse: Refuse, tell: Tell) -> Counts:
    """Store all rows of the file in one transaction, or none where one is refused. Opens the transaction.

    Raises RowsRefused; UnreadableFile, django.db.Error.
    """
    counts = Counts()
    with transaction.atomic():
        for batch in batches:
            found, refusals = load(batch, user_id=run.user_id, run_id=run.pk, options=options)
            counts.add(found)
            for refusal in refusals:
                refuse(refusal)
            if tell(counts, batch.position):
                raise RowsRefused("Stopped; nothing was stored.")
        if counts.failed:
            raise RowsRefused(f"{counts.failed} of {counts.read} rows were refused, so nothing was stored.")
        ImportRun.objects.filter(pk=run.pk).update(**asdict(counts))
    close_run(run, State.FINISHED)
    return counts


def rehearse(*, user_id: UUID, batches: Iterable[Batch], options: Options, refuse: Refuse, tell: Tell) -> Counts:
    """Do all but store: each batch is undone again, and the counts are what an import would count.

    Raises UnreadableFile, django.db.Error.
    """
    counts, dry_run = Counts(), DryRun(options)
    for whole in batches:
        batch, again = dry_run.without_repeated(whole)
        with transaction.atomic():
            found, refusals = load(batch, user_id=user_id, run_id=None, options=options)
            transaction.set_rollback(True)
        counts.add(found)
        counts.add(again)
        for refusal in refusals:
            refuse(refusal)
        if tell(counts, whole.position):
            break
    return counts


def refused_rows(run: ImportRun) -> Iterator[Refusal]:
    """What the run has refused, in the order of the file."""
    for refusal in run.refusals.order_by("line", "pk").iterator():
        row = Row(refusal.line, refusal.cells)
        yield Refusal(row, refusal.field or None, refusal.reason)


def undo(*, run: ImportRun, tell: Callable[[int, int], Any]) -> tuple[int, int]:
    """Take back what the run created and nobody has touched since; return how many leads went, and how many stay.

    `tell` is told both after each step, which is a transaction of its own: who is interrupted begins again.
    Raises Overtaken where the run is not over; django.db.Error.
    """
    if not ImportRun.objects.filter(pk=run.pk).exclude(state__in=(State.RUNNING, State.WAITING)).exists():
        raise Overtaken("The run is not over. Stop it first.")
    gone = left = 0
    step = UndoStep()
    while (step := undo_leads(run_id=run.pk, before=step.last_id, most=UNDO_SIZE)).last_id is not None:
        gone, left = gone + step.removed, left + step.remaining
        tell(gone, left)
    ImportRun.objects.filter(pk=run.pk).update(state=State.UNDONE, updated_at=timezone.now())
    return gone, left
