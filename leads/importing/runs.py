"""Runs an import: stores batches, each in one transaction with the counts of its run.

A run that was killed has stored whole batches and their number of rows, so that it can be resumed: resume.py.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from leads.importing.batches import Batch, Counts, DryRun, Options, Refusal, load, validate
from leads.importing.readers.rows import Row, storable
from leads.models import ImportRefusal, ImportRun
from leads.services.undo import UndoStep, undo_leads
from leadsite.core.transactions import end_if_idle, retried

State = ImportRun.State
BATCH_SIZE: Final = 5000
UNDO_SIZE: Final = 2000
# How long --atomic, which reads the file inside its transaction, may wait for the next batch.
READING_SECONDS: Final = 60.0
Refuse = Callable[[Refusal], None]
Work = Callable[[Batch], tuple[Counts, list[Refusal]]]
Notes = Callable[[], Sequence[str]]
Tell = Callable[[Counts, float | None], bool]


class Overtaken(Exception):
    """Another process is working on this run."""


class RowsRefused(Exception):
    """Rows of a file were refused that is to be stored as a whole; nothing was written."""


def import_rows(
    *,
    run: ImportRun,
    batches: Iterable[Batch],
    options: Options,
    imported_before: bool,
    tell: Tell,
    notes: Notes = list,
) -> Counts:
    """Store `batches`, which follow the rows that the run has stored; return the counts of the whole run.

    Each batch opens a transaction for its leads, its refusals and the run's counts. `imported_before`: an earlier run
    imported the file, so its rows are only validated and skipped. `tell` is called after each batch with the counts
    and the progress; it returns True to stop. `notes` are asked for after the last batch.

    Raises Overtaken, UnreadableFile, django.db.Error; batches stored until then stay.
    """
    counts = Counts(**{name: getattr(run, name) for name in Counts.__slots__})
    work = _validating(run, options) if imported_before else _loading(run, options)
    for batch in batches:
        counts.add(_store(run=run, batch=batch, read=counts.read, work=work))
        if tell(counts, batch.position):
            close_run(run, State.INTERRUPTED)
            return counts
    close_run(run, State.FINISHED, notes=notes())
    return counts


def _loading(run: ImportRun, options: Options) -> Work:
    return lambda batch: load(batch, user_id=run.user_id, run_id=run.pk, options=options)


def _validating(run: ImportRun, options: Options) -> Work:
    return lambda batch: validate(batch, user_id=run.user_id, options=options)


@retried
def _store(*, run: ImportRun, batch: Batch, read: int, work: Work) -> Counts:
    # Two processes that import the same run: the run's row is locked, and the second one finds another `read`.
    with transaction.atomic():
        end_if_idle()
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


def close_run(run: ImportRun, state: str, error: str = "", notes: Sequence[str] = ()) -> None:
    """Store how the run ended, unless another process has taken it over or ended it."""
    now = timezone.now()
    ImportRun.objects.filter(pk=run.pk, state=State.RUNNING).update(
        state=state,
        error=error,
        notes=list(map(storable, notes)),
        updated_at=now,
        finished_at=now,
        progress=1.0 if state == State.FINISHED else F("progress"),
    )


def import_whole(
    *, run: ImportRun, batches: Iterable[Batch], options: Options, refuse: Refuse, tell: Tell, notes: Notes = list
) -> Counts:
    """Store all rows of the file in one transaction, or none where one is refused. Opens the transaction.

    Raises RowsRefused; UnreadableFile, django.db.Error.
    """
    counts = Counts()
    with transaction.atomic():
        end_if_idle(seconds=READING_SECONDS)
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
    close_run(run, State.FINISHED, notes=notes())
    return counts


def dry_run_import(*, user_id: UUID, batches: Iterable[Batch], options: Options, refuse: Refuse, tell: Tell) -> Counts:
    """Import each batch and roll it back; return the counts that an import would have.

    Raises UnreadableFile, django.db.Error.
    """
    counts, dry_run = Counts(), DryRun(options)
    for whole in batches:
        batch, repeated = dry_run.without_repeated(whole)
        with transaction.atomic():
            end_if_idle()
            found, refusals = load(batch, user_id=user_id, run_id=None, options=options)
            transaction.set_rollback(True)
        counts.add(found)
        counts.add(repeated)
        for refusal in refusals:
            refuse(refusal)
        if tell(counts, whole.position):
            break
    return counts


def refused_rows(run: ImportRun) -> Iterator[Refusal]:
    """Return the rows that the run has refused, in the order of the file."""
    for refusal in run.refusals.order_by("line", "pk").iterator():
        row = Row(refusal.line, refusal.cells)
        yield Refusal(row, refusal.field or None, refusal.reason)


def undo(*, run: ImportRun, tell: Callable[[int, int], Any]) -> tuple[int, int]:
    """Remove the leads that the run created and that are unchanged; return how many were removed and kept.

    `tell` is called with both after each step. Each step is a separate transaction, so an interrupted call can be
    repeated. Raises Overtaken where the run is not over; django.db.Error.
    """
    if not ImportRun.objects.filter(pk=run.pk).exclude(state__in=(State.RUNNING, State.WAITING)).exists():
        raise Overtaken("The run is not over. Stop it first.")
    removed = kept = 0
    step = UndoStep()
    while (step := undo_leads(run_id=run.pk, before=step.last_id, limit=UNDO_SIZE)).last_id is not None:
        removed, kept = removed + step.removed, kept + step.remaining
        tell(removed, kept)
    ImportRun.objects.filter(pk=run.pk).update(state=State.UNDONE, updated_at=timezone.now())
    return removed, kept
