"""Finds the earlier runs of a file: the one to resume after the rows that it has stored, and the one that imported it.

Each batch is stored in one transaction with the counts of its run (runs.py, `_store`). So whenever a process dies, the
run's `read` is the number of rows of the file that are done, and the process that resumes it skips them. A run of the
command is resumed by `import_leads --resume` with the same file; an upload by any worker, or by staff on its page.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_noop

from leads.importing.batches import Batch, Loaded, Options, Work, validate
from leads.models import ImportFile, ImportRun
from leads.services.file_rows import SKIP, check_rows
from leadsite.core import clock

State = ImportRun.State
UNFINISHED: Final = (State.WAITING, State.RUNNING, State.INTERRUPTED, State.FAILED)
# A run without progress for this long has lost its worker: a batch takes less than a second, reading up to the first
# one of a long workbook a minute.
STALE: Final = timedelta(minutes=10)
# While a preview is read, its worker says so every five seconds.
PREVIEW_STALE: Final = timedelta(seconds=30)
# A run that a worker is importing is updated with each batch.
WORKING: Final = timedelta(minutes=1)

# Of a run with more refused rows, the lines are not compared; each row is looked for.
REMEMBERED_LINES: Final = 100_000


class Before(NamedTuple):
    """What an earlier run of the same file, with the same options, means for this one.

    `run` is None where each row is looked for; then `reason` says why. Otherwise the run's rows are skipped, even if
    their leads have been changed since, except for the `refused` lines, which are tried again.
    """

    reason: str
    run: ImportRun | None = None
    refused: frozenset[int] = frozenset()

    @property
    def complete(self) -> ImportRun | None:
        """The run that has stored every row of the file."""
        return None if self.refused else self.run


NOT_BEFORE: Final = Before("")


class OptionsChanged(Exception):
    """The run to be resumed was started with other options."""


def earlier_runs(*, user_id: UUID, file_hash: str) -> QuerySet[ImportRun]:
    """Return the runs of the same file, newest first. `file_hash` is its SHA-256."""
    return ImportRun.objects.filter(user_id=user_id, file_hash=file_hash).exclude(file_hash="").order_by("-pk")


def before_of(upload: ImportRun, *, columns: Sequence[str | None] | None = None) -> Before:
    """As find_imported_before, for an uploaded file. Its option `again` is to look for each row.

    `columns`: the fields that the columns will be read as where nobody has chosen any yet.
    """
    options = upload.options
    if options.get("columns") is None and columns is not None:
        options = options | {"columns": list(columns)}
    return find_imported_before(
        user_id=upload.user_id,
        file_hash=upload.file_hash,
        options=options,
        again=upload.options.get("again", False),
    )


def find_imported_before(*, user_id: UUID, file_hash: str, options: Mapping[str, Any], again: bool) -> Before:
    """Find the run that has imported this file with these options, and was not undone."""
    runs = earlier_runs(user_id=user_id, file_hash=file_hash)
    finished = [run for run in runs if run.state == State.FINISHED]
    same = next((run for run in finished if _reading(run.options) == _reading(options)), None)
    if same is None or again or options.get("on_duplicate") != SKIP or _is_undone(runs, same):
        return Before(_why_not(runs, finished, again=again, on_duplicate=options.get("on_duplicate")))
    if not same.failed:
        return Before(
            gettext_noop("This file was imported before by run %(pk)s, so its rows are skipped.") % {"pk": same.pk},
            same,
        )
    if same.failed > REMEMBERED_LINES:
        return Before(
            gettext_noop("Run %(pk)s of this file refused rows, so only rows that are there are skipped.")
            % {"pk": same.pk}
        )
    refused = frozenset(same.refusals.values_list("line", flat=True))
    if same.failed == 1:
        reason = gettext_noop("The row that run %(pk)s refused is tried again, and the others are skipped.")
    else:
        reason = gettext_noop(
            "The %(failed)s rows that run %(pk)s refused are tried again, and the others are skipped."
        )
    return Before(reason % {"failed": f"{same.failed:,}", "pk": same.pk}, same, refused)


def _is_undone(runs: Iterable[ImportRun], finished: ImportRun) -> bool:
    """Whether a run of the file is being undone, or was after `finished`, which may have skipped that run's rows."""
    return any(
        run.state == State.UNDOING
        or (run.state == State.UNDONE and (finished.finished_at is None or run.updated_at > finished.finished_at))
        for run in runs
    )


def _why_not(runs: Iterable[ImportRun], finished: Sequence[ImportRun], *, again: bool, on_duplicate: str | None) -> str:
    """Why no earlier run lets this one skip rows without looking for them."""
    if again:
        return gettext_noop("Each row is looked for, as asked.")
    if on_duplicate != SKIP:
        return gettext_noop(
            "Each row is looked for: leads that exist already are to be treated by “%(on_duplicate)s”."
        ) % {"on_duplicate": on_duplicate}
    if undone := next((run for run in runs if run.state in (State.UNDOING, State.UNDONE)), None):
        return gettext_noop("Run %(pk)s of this file was undone; only rows that are there are skipped.") % {
            "pk": undone.pk
        }
    if finished:
        return gettext_noop("Run %(pk)s of this file had other options; only rows that are there are skipped.") % {
            "pk": finished[0].pk
        }
    return gettext_noop("This file was not imported before.")


def _reading(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "again"}


def resume_run(*, user_id: UUID, file_hash: str, options: dict[str, Any]) -> ImportRun | None:
    """Return the newest unfinished run of the same file, set to running; None where there is none.

    Raises OptionsChanged.
    """
    run = earlier_runs(user_id=user_id, file_hash=file_hash).filter(state__in=UNFINISHED).first()
    if run is None:
        return None
    if run.options != options:
        raise OptionsChanged(
            gettext_noop("Run %(pk)s was started with other options: %(dumps)s.")
            % {"pk": run.pk, "dumps": json.dumps(run.options)}
        )
    # Somebody may have begun to undo it since: then it stays as it is.
    unfinished = ImportRun.objects.filter(pk=run.pk, state__in=UNFINISHED)
    if not unfinished.update(state=State.RUNNING, claim=F("claim") + 1, error="", finished_at=None):
        return None
    run.refresh_from_db()
    return run


def due_uploads() -> QuerySet[ImportRun]:
    """Return the uploads that need a worker, oldest first: waiting ones, and those whose worker has died."""
    now = clock.now()
    stale = Q(updated_at__lt=now - STALE)
    unread = Q(attempts=0) | Q(updated_at__lt=now - PREVIEW_STALE)
    due = Q(state=State.PREVIEW, preview__isnull=True) & unread
    due |= Q(state=State.WAITING) | Q(state=State.TRYING) & (Q(progress=None) | stale) | Q(state=State.RUNNING) & stale
    return ImportRun.objects.filter(due, Exists(piece_of_file())).order_by("pk")


def has_another(run: ImportRun) -> bool:
    """Whether another upload of the business is being imported or tried; for a preview, whether another is being read.
    Its next one waits: a worker does four jobs at a time, and twenty long files of one business would keep those of the
    others waiting.
    """
    now = clock.now()
    others = ImportRun.objects.filter(Exists(piece_of_file()), user_id=run.user_id).exclude(pk=run.pk)
    if run.state == State.PREVIEW:
        reading = others.filter(state=State.PREVIEW, preview__isnull=True, attempts__gt=0)
        return reading.filter(updated_at__gt=now - PREVIEW_STALE).exists()
    working = Q(state=State.RUNNING) | Q(state=State.TRYING, progress__isnull=False)
    return others.filter(working, updated_at__gt=now - WORKING).exists()


def piece_of_file() -> QuerySet[ImportFile]:
    """The stored file of a run. The runs of import_leads have none and are resumed by the command."""
    return ImportFile.objects.filter(user_id=OuterRef("user_id"), run_id=OuterRef("pk"), number=0)


def next_upload(run_id: UUID) -> UUID | None:
    """Return the business's oldest upload that waits for its import or dry run, after this one has been worked on."""
    return _others_due(run_id).exclude(state=State.PREVIEW).values_list("pk", flat=True).first()


def next_preview(run_id: UUID) -> UUID | None:
    """Return the business's oldest upload whose preview waits, after that of this one has been read."""
    return _others_due(run_id).filter(state=State.PREVIEW).values_list("pk", flat=True).first()


def _others_due(run_id: UUID) -> QuerySet[ImportRun]:
    business = ImportRun.objects.filter(pk=run_id).values("user_id")
    return due_uploads().filter(user_id__in=business).exclude(pk=run_id)


def skipping(work: Work, before: Before, *, user_id: UUID, options: Options) -> Work:
    """Return the work that does `work` only for rows that an earlier run has not stored, and skips the others."""
    if before.run is None:
        return work

    def work_or_skip(batch: Batch) -> Loaded:
        stored, again = _split(batch, before.refused, options=options)
        skipped = validate(stored, user_id=user_id, options=options)
        return _joined(skipped, work(again)) if again.rows or again.refusals else skipped

    return work_or_skip


def _split(batch: Batch, lines: Collection[int], *, options: Options) -> tuple[Batch, Batch]:
    """Return the batch's rows that do not begin at one of these lines, and those that do."""
    if not lines:
        return batch, Batch()
    parts = Batch(), Batch()
    for row, said in zip(batch.rows, batch.said, strict=True):
        part = parts[row.line in lines]
        part.rows.append(row)
        part.said.append(said)
    for refusal in batch.refusals:
        parts[refusal.row.line in lines].refusals.append(refusal)
    for part in parts:
        part.checked = check_rows(part.said, defaults=options.for_new_leads, on_duplicate=options.on_duplicate)
    return parts


def _joined(first: Loaded, second: Loaded) -> Loaded:
    first.counts.add(second.counts)
    refusals = sorted(first.refusals + second.refusals, key=lambda refusal: refusal.row.line)
    return Loaded(first.counts, refusals, first.changes + second.changes)
