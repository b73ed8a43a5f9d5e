"""Services of exports: what a person asks for, the worker that writes it, and the end of it after a day."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import IO, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from leadsite.accounts.business.places import zone_of
from leadsite.accounts.models import User
from leadsite.adminkit.workplace import sees_all
from leadsite.core import clock
from leadsite.core.statements import delete_in_batches
from leadsite.core.transactions import end_if_idle, queue_job, wait_for_turn
from leadsite.exports.columns import Column, cells_of, chosen_columns
from leadsite.exports.limits import KEEP, check_limits
from leadsite.exports.models import Export, ExportFile
from leadsite.exports.rows import FilterInvalid, newest_first, request_of, rows_of
from leadsite.exports.writers import Writer, open_writer

log = structlog.get_logger(__name__)

State = Export.State
WRITE_EXPORT: Final = "leadsite.exports.tasks.write_export"
# A running export without a new chunk for this long has lost its worker.
STALE: Final = timedelta(minutes=1)
MAX_ATTEMPTS: Final = 3
PIECE: Final = 2**20
# Deleted in a transaction: so many MB, and so many rows.
PRUNED_PIECES: Final = 100
PRUNED_EXPORTS: Final = 1000
_FORBIDDEN: Final = gettext_noop("You may not see these rows any more.")


def header_of(columns: Sequence[Column]) -> dict[str, int]:
    """The titles, with their widths."""
    return {gettext(column.title): column.width for column in columns}


def write_rows(
    file: IO[bytes], file_format: str, rows: Sequence[Any], columns: Sequence[Column], zone: ZoneInfo
) -> None:
    """Write a whole file."""
    writer = open_writer(file_format, file, header_of(columns))
    for row in rows:
        writer.write(cells_of(row, columns, zone))
    writer.close()


def start_export(
    *,
    person_id: UUID,
    business_id: UUID,
    of_all: bool = False,
    kind: str,
    query: str,
    columns: Sequence[str],
    file_format: str,
    total: int,
) -> Export:
    """Store what is to be exported, in the language of the page, and queue it. Opens the transaction. Raises
    TooManyExports, django.db.Error.

    `of_all`: of all businesses, by an operator; `business_id` is that which the operator works for, or the operator's.
    """
    with transaction.atomic():
        check_limits(business_id=business_id)
        export = Export.objects.create(
            user_id=business_id,
            person_id=person_id,
            of_all=of_all,
            kind=kind,
            query=query,
            columns=list(columns),
            format=file_format,
            language=translation.get_language() or settings.LANGUAGE_CODE,
            total=total,
        )
        # Without the job, the sweep finds the export within a minute.
        queue_job(WRITE_EXPORT, export_id=str(export.pk))
    return export


def due_exports() -> QuerySet[Export]:
    """Return the exports that need a worker, oldest first."""
    lost = Q(state=State.RUNNING, updated_at__lt=clock.now() - STALE)
    return Export.objects.filter(Q(state=State.WAITING) | lost).order_by("pk")


def next_export(export_id: UUID) -> UUID | None:
    """Return the business's oldest export that needs a worker, after this one has had its turn."""
    business = Export.objects.filter(pk=export_id).values("user_id")
    return due_exports().filter(user_id__in=business).values_list("pk", flat=True).first()


def process_export(export_id: UUID, *, should_stop: Callable[[], bool]) -> bool:
    """Write the file of an export, unless another worker does, or it has to wait for another one of the business.
    Return whether it had its turn. An error is stored with the export.

    Raises django.db.OperationalError, after which another worker begins again, and any unexpected exception.
    """
    export = _take(export_id)
    if export is None:
        return False
    try:
        request = request_of(export.person, export.user_id)
        if export.of_all != sees_all(request):
            raise PermissionDenied
        rows = rows_of(request, export.kind, export.query)
        with tempfile.TemporaryFile() as file, translation.override(export.language):
            finished = _write(export, rows, file, should_stop)
            if finished:
                _store(export, file)
            else:
                _release(export)
    except (PermissionDenied, FilterInvalid) as refusal:
        _fail(export, str(refusal) or _FORBIDDEN)
    except OperationalError:
        raise
    except Exception:
        _fail(export, gettext_noop("An unexpected error occurred; the log has its details. Export again."))
        raise
    return True


def prune_exports() -> int:
    """Delete exports of yesterday with their files; return how many. Raises ClockDiffers."""
    old = Export.objects.filter(created_at__lt=clock.check_clock() - KEEP)
    delete_in_batches(ExportFile.objects.filter(export__in=old.values("pk")), size=PRUNED_PIECES)
    return delete_in_batches(old, by="created_at", size=PRUNED_EXPORTS)


def pieces_of(export: Export) -> Iterator[bytes]:
    """Yield the file of an export, a piece at a time."""
    for number in range(ExportFile.objects.filter(user_id=export.user_id, export=export).count()):
        piece = ExportFile.objects.filter(user_id=export.user_id, export=export, number=number)
        yield bytes(piece.values_list("content", flat=True)[0])


def _take(export_id: UUID) -> Export | None:
    """Claim the export for this worker. Opens the transaction."""
    # Two workers may have a job for it, and a sweep: who locks the row first writes the file.
    with transaction.atomic():
        end_if_idle()
        export = due_exports().select_for_update(skip_locked=True, of=("self",)).filter(pk=export_id).first()
        if export is None:
            return None
        wait_for_turn("exports", user_id=export.user_id)
        if _has_another(export):
            return None
        if export.attempts >= MAX_ATTEMPTS:
            _fail(
                export, gettext_noop("Three workers were stopped while they wrote it. Choose fewer rows by a filter.")
            )
            return None
        export.attempts += 1
        now = clock.now()
        Export.objects.filter(pk=export_id).update(
            state=State.RUNNING, attempts=export.attempts, done=0, updated_at=now
        )
    return export


def _has_another(export: Export) -> bool:
    """Whether another export of the business is being written: a worker does four jobs at a time, and those of one
    business would keep those of the others waiting.
    """
    writing = Export.objects.filter(user_id=export.user_id, state=State.RUNNING).exclude(pk=export.pk)
    return writing.filter(updated_at__gt=clock.now() - STALE).exists()


def _write(export: Export, rows: QuerySet[Any], file: IO[bytes], should_stop: Callable[[], bool]) -> bool:
    """Write the file; return False where the worker is to stop, or another one has taken the export."""
    columns, zone = chosen_columns(export.kind, export.columns), zone_of(_zone_name(export.user_id))
    writer: Writer = open_writer(export.format, file, header_of(columns))
    done = 0
    for chunk in newest_first(rows, user_id=export.user_id):
        for row in chunk:
            writer.write(cells_of(row, columns, zone))
        done += len(chunk)
        if not _own(export).update(done=done, updated_at=clock.now()) or should_stop():
            return False
    writer.close()
    export.done = done
    return True


def _store(export: Export, file: IO[bytes]) -> None:
    """Store the file in pieces, and finish. Opens the transaction."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    # An erasure deletes the exports of the business: then there is no row to finish, and the pieces have no export.
    with transaction.atomic():
        own = _own(export)
        if own.select_for_update().first() is None:
            return
        now = clock.now()
        for number in range(-(-size // PIECE)):
            ExportFile.objects.create(user_id=export.user_id, export=export, number=number, content=file.read(PIECE))
        own.update(state=State.FINISHED, done=export.done, finished_at=now, updated_at=now)
    log.info("export_written", export=str(export.pk), rows=export.done)


def _release(export: Export) -> None:
    """Leave the export to another worker. This one was not killed, so its attempt is not counted."""
    _own(export).update(state=State.WAITING, attempts=F("attempts") - 1, updated_at=clock.now())


def _fail(export: Export, reason: str) -> None:
    now = clock.now()
    _own(export).update(state=State.FAILED, error=reason, finished_at=now, updated_at=now)


def _own(export: Export) -> QuerySet[Export]:
    """The export's row while this worker has it, and not one that has begun again since, because this one was stale."""
    return Export.objects.filter(pk=export.pk, state=State.RUNNING, attempts=export.attempts)


def _zone_name(business_id: UUID) -> str:
    found = User.objects.filter(pk=business_id).values_list("time_zone", flat=True)
    return found.first() or ""
