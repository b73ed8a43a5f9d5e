"""Runs an import: stores batches, each in one transaction with the counts of its run.

A run that was killed has stored whole batches and their number of rows, so that it can be resumed: resume.py.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from django.db import OperationalError, transaction
from django.db.models import F
from django.utils.translation import gettext_noop

from leads.importing.batches import Batch, Counts, Loaded, Options, Refusal, Work, load
from leads.importing.readers.rows import storable
from leads.importing.reports import report_rows
from leads.importing.resume import Before, skipping
from leads.models import ImportRefusal, ImportRun
from leads.services.import_rows import wait_for_other_imports, wait_for_whole_file
from leads.services.undo import Undone, UndoStep, restore_leads, restore_names, undo_leads
from leadsite.core import clock, failures
from leadsite.core.failures import Source
from leadsite.core.postgresql.actors import Actor, ActorKind, acting
from leadsite.core.postgresql.base import CommitUnknown
from leadsite.core.table_statistics import analyze_grown
from leadsite.core.transactions import MAX_ATTEMPTS, end_if_idle, retried

State = ImportRun.State
# A run that is over; one whose undo was killed, or has left something, is undone again.
UNDOABLE: Final = (State.INTERRUPTED, State.FAILED, State.FINISHED, State.UNDOING, State.UNDONE)
_OVERTAKEN: Final = gettext_noop("Another process is importing this run, or has ended it.")
_NOT_STORED: Final = "The connection was lost at the end, and nothing was stored."
BATCH_SIZE: Final = 5000
UNDO_SIZE: Final = 2000
# How long --atomic, which reads the file inside its transaction, may wait for the next batch.
READING_SECONDS: Final = 60.0
# The tables that an import lets grow: see Note [Plans of small tables] in leadsite/core/table_statistics.py.
GROWING: Final = ("customers", "conversations", "leads")
Refuse = Callable[[Refusal], None]
Notes = Callable[[], Sequence[str]]
Tell = Callable[[Counts, float | None], bool]
# The batches of a whole file, and where its refused rows go: each time from the beginning.
ReadWhole = Callable[[], AbstractContextManager[tuple[Iterable[Batch], Refuse]]]


class Overtaken(Exception):
    """Another process is working on this run."""


class RowsRefused(Exception):
    """Rows of a file were refused that is to be stored as a whole; nothing was written."""


def import_rows(
    *,
    run: ImportRun,
    batches: Iterable[Batch],
    options: Options,
    before: Before,
    tell: Tell,
    notes: Notes = list,
) -> Counts:
    """Store `batches`, which follow the rows that the run has stored; return the counts of the whole run.

    Each batch opens a transaction for its leads, its refusals and the run's counts. Rows that an earlier run has
    stored (`before`) are only validated and skipped. `tell` is called after each batch with the counts and the
    progress; it returns True to stop. `notes` are asked for after the last batch.

    Raises Overtaken, UnreadableFile, django.db.Error; batches stored until then stay.
    """
    counts = Counts(**{name: getattr(run, name) for name in Counts.__slots__})
    load_batch = partial(load, user_id=run.user_id, run_id=run.pk, options=options)
    work = skipping(load_batch, before, user_id=run.user_id, options=options)
    for batch in batches:
        loaded = _store(run=run, batch=batch, read=counts.read, work=work)
        counts.add(loaded.counts)
        report_rows(run, loaded)
        analyze_grown(GROWING)
        if tell(counts, batch.position):
            close_run(run, State.INTERRUPTED)
            return counts
    close_run(run, State.FINISHED, notes=notes())
    return counts


@retried(source="import", operation="import rows")
def _store(*, run: ImportRun, batch: Batch, read: int, work: Work) -> Loaded:
    # Two processes that import the same run: the run's row is locked, and the second one finds another `read`.
    with acting(_actor(run)), transaction.atomic():
        end_if_idle()
        wait_for_whole_file(user_id=run.user_id)
        mine = run.claimed().select_for_update().values_list("read", "state").first()
        if mine != (read, State.RUNNING):
            raise Overtaken(_OVERTAKEN)
        loaded = work(batch)
        ImportRefusal.objects.bulk_create([_row_of(run, refusal) for refusal in loaded.refusals])
        ImportRun.objects.filter(pk=run.pk).update(
            progress=batch.position,
            attempts=0,  # workers that are killed after a batch do not count: the next one gets further
            updated_at=clock.now(),
            **{name: F(name) + value for name, value in asdict(loaded.counts).items()},
        )
        return loaded


def _actor(run: ImportRun) -> Actor:
    return Actor(ActorKind.IMPORT, id=str(run.pk), name=run.file_name)


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
    now = clock.now()
    run.claimed().filter(state=State.RUNNING).update(
        state=state,
        error=error,
        notes=list(map(storable, notes)),
        updated_at=now,
        finished_at=now,
        progress=1.0 if state == State.FINISHED else F("progress"),
    )


def import_whole(
    *,
    run: ImportRun,
    read: ReadWhole,
    again: bool,
    options: Options,
    before: Before,
    tell: Tell,
    notes: Notes = list,
) -> Counts:
    """Store all rows of the file in one transaction, or none where one is refused, and how the run ended.

    `again`: whether the file can be read again; then the transaction is repeated as others are, see `retried`.

    Raises RowsRefused; Overtaken, UnreadableFile, django.db.Error. After CommitUnknown the run is still running: only
    the database knows whether the file was stored, and resume_run continues the run in both cases.
    """
    attempts = MAX_ATTEMPTS if again else 1
    store_whole = retried(attempts=attempts, source="import", operation="import file")(_store_whole)
    try:
        counts = store_whole(run=run, read=read, options=options, before=before, tell=tell)
    except CommitUnknown as error:
        counts = _stored_counts(run, error)
    except Exception as error:
        close_run(run, State.FAILED, str(error))
        raise
    close_run(run, State.FINISHED, notes=notes())
    return counts


def _store_whole(*, run: ImportRun, read: ReadWhole, options: Options, before: Before, tell: Tell) -> Counts:
    counts = Counts()
    load_batch = partial(load, user_id=run.user_id, run_id=run.pk, options=options)
    work = skipping(load_batch, before, user_id=run.user_id, options=options)
    with read() as (batches, refuse), acting(_actor(run)), transaction.atomic():
        end_if_idle(seconds=READING_SECONDS)
        wait_for_other_imports(user_id=run.user_id)
        for batch in batches:
            loaded = work(batch)
            counts.add(loaded.counts)
            analyze_grown(GROWING)
            for refusal in loaded.refusals:
                refuse(refusal)
            if tell(counts, batch.position):
                raise RowsRefused(gettext_noop("Stopped; nothing was stored."))
        if counts.failed:
            raise RowsRefused(
                gettext_noop("%(failed)s of %(read)s rows were refused, so nothing was stored.")
                % {"failed": counts.failed, "read": counts.read}
            )
        # Staff may have stopped the run, and somebody undone it, while the file was read.
        if not run.claimed().filter(state=State.RUNNING).update(**asdict(counts)):
            raise Overtaken(_OVERTAKEN)
    return counts


def _stored_counts(run: ImportRun, error: CommitUnknown) -> Counts:
    """Return the counts of a whole file whose COMMIT was not confirmed. Opens the transaction.

    Raises OperationalError where nothing was stored, and the run has failed; `error` where the database is away;
    Overtaken.
    """
    try:
        with transaction.atomic():
            # The lost session holds the run's row until the server has committed it, or rolled it back.
            stored = run.claimed().select_for_update().values(*Counts.__slots__).first()
    except OperationalError:
        raise error from None
    if stored is None:
        raise Overtaken(_OVERTAKEN)
    if stored["read"]:
        return Counts(**stored)
    close_run(run, State.FAILED, _NOT_STORED)
    raise OperationalError(_NOT_STORED) from error


def undo(*, run: ImportRun, tell: Callable[[Undone], Any]) -> Undone:
    """Remove the leads that the run created, and give back what it changed in others, unless changed since.

    `tell` is called after each step. Each step is a separate transaction, so an interrupted call, which leaves the run
    in the state undoing, can be repeated. Raises Overtaken where the run is not over; django.db.Error.
    """
    # Somebody may resume the run at the same moment: who changes its state first is the one, and the other is refused.
    runs = ImportRun.objects.filter(pk=run.pk)
    if not runs.filter(state__in=UNDOABLE).update(state=State.UNDOING, updated_at=clock.now()):
        raise Overtaken(gettext_noop("The run is not over. Stop it first."))
    with failures.entered(Source.IMPORT, run.user_id):
        undone = _undo_steps(run, tell)
    runs.filter(state=State.UNDOING).update(state=State.UNDONE, updated_at=clock.now())
    return undone


def _undo_steps(run: ImportRun, tell: Callable[[Undone], Any]) -> Undone:
    undone, step = Undone(), UndoStep()
    own: dict[str, Any] = {"user_id": run.user_id, "run_id": run.pk, "limit": UNDO_SIZE}
    while (step := undo_leads(before=step.last_id, **own)).last_id is not None:
        undone.removed, undone.left = undone.removed + step.undone, undone.left + step.remaining
        tell(undone)
    while (step := restore_leads(after=step.last_id, **own)).last_id is not None:
        undone.restored, undone.kept_changes = undone.restored + step.undone, undone.kept_changes + step.remaining
        tell(undone)
    while (step := restore_names(after=step.last_id, **own)).last_id is not None:
        undone.names_restored, undone.names_kept = (
            undone.names_restored + step.undone,
            undone.names_kept + step.remaining,
        )
        tell(undone)
    return undone
