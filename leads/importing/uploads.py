"""What a person does with an uploaded file: have it tried, imported, stopped, taken up again. The worker's: work.py."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import PurePath
from typing import Any, BinaryIO, Final
from uuid import UUID

from django.db import OperationalError, transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException

from leads.importing.batches import Options
from leads.importing.columns import Columns, guess_fields, place_columns
from leads.importing.readers.files import Table, Unreadable, open_table
from leads.importing.stored_files import digest_of, open_file, store_file
from leads.models import ImportRun

State = ImportRun.State
DO_IMPORT: Final = "leads.tasks.do_import"
# What a person may still stop, and take up again.
UNDER_WAY: Final = (State.TRYING, State.WAITING, State.RUNNING)
STOPPED: Final = (State.INTERRUPTED, State.FAILED)
MAX_COLUMNS: Final = 500


class NotNow(Exception):
    """The run is not where this can be done; the message is a sentence for the person."""


def upload_file(*, user_id: UUID, name: str, file: BinaryIO, options: Options, encoding: str | None) -> ImportRun:
    """Keep the file and make its run, which waits in preview. Opens the transaction."""
    run = ImportRun(user_id=user_id, file_name=_clean_name(name), file_hash=digest_of(file), state=State.PREVIEW)
    run.options = _kept(options, encoding=encoding, columns=None)
    with transaction.atomic():
        run.save()
        store_file(run=run, file=file)
    _look(run)
    return run


def change_reading(
    *, run: ImportRun, options: Options, encoding: str | None, columns: Sequence[str | None] | None
) -> None:
    """Say otherwise how the file is to be read; the last dry run says nothing of it any more. Raises NotNow.

    `columns`: the field of each column, None for what the names suggest.
    """
    kept = _kept(options, encoding=encoding, columns=columns)
    if kept == run.options:
        return
    _move(run, State.PREVIEW, of=(State.PREVIEW,), options=kept, trial=None)
    _look(run)


def try_import(*, run: ImportRun) -> None:
    """Have a worker make a dry run. Opens the transaction. Raises NotNow; django.db.OperationalError."""
    _move(run, State.TRYING, of=(State.PREVIEW,), wake=True, trial=None, progress=None, attempts=0)


def start_import(*, run: ImportRun) -> None:
    """Have a worker import the file. Opens the transaction. Raises NotNow; django.db.OperationalError."""
    _move(run, State.WAITING, of=(State.PREVIEW,), wake=True, progress=None, attempts=0)


def resume_import(*, run: ImportRun) -> None:
    """Go on after what is stored. Opens the transaction. Raises NotNow; django.db.OperationalError."""
    _move(run, State.WAITING, of=STOPPED, wake=True, error="", finished_at=None, attempts=0)


def stop_import(*, run: ImportRun) -> None:
    """End it after the batch under way, whose writer finds the state changed. Raises NotNow."""
    try:
        _move(run, State.PREVIEW, of=(State.TRYING,), trial=None, progress=None)
    except NotNow:
        _move(run, State.INTERRUPTED, of=(State.WAITING, State.RUNNING), finished_at=timezone.now())


def open_run(run: ImportRun, file: BinaryIO) -> Table:
    """The table of an uploaded file. Raises Unreadable."""
    return open_table(file, name=run.file_name, format=None, encoding=run.options.get("encoding"))


def options_of(run: ImportRun) -> Options:
    return Options(**{name: run.options[name] for name in Options.__slots__ if name in run.options})


def fields_of(run: ImportRun, header: Sequence[str]) -> list[str | None]:
    """The field of each column, as somebody chose it for this header, or as the names suggest."""
    chosen = run.options.get("columns")
    return list(chosen) if chosen is not None and len(chosen) == len(header) else guess_fields(header)


def columns_of(run: ImportRun, header: Sequence[str]) -> Columns:
    """Raises UnknownColumns; Unreadable for what is no list of leads."""
    if len(header) > MAX_COLUMNS:
        raise Unreadable(f"The file has {len(header)} columns; {MAX_COLUMNS} are the most. Delete those of no use.")
    return place_columns(header, fields_of(run, header), defaults=options_of(run).defaults)


def _kept(options: Options, *, encoding: str | None, columns: Sequence[str | None] | None) -> dict[str, Any]:
    return asdict(options) | {"encoding": encoding, "columns": list(columns) if columns is not None else None}


def _clean_name(name: str) -> str:
    """The last part, without what cannot be stored."""
    return PurePath(name.replace("\\", "/")).name.replace("\0", "")[:200] or "file"


def _look(run: ImportRun) -> None:
    """Note the format and the header as they are read now; what cannot be read is told by the preview."""
    try:
        with open_file(run=run) as file:
            table = open_run(run, file)
    except Unreadable:
        run.format, run.columns = "", []
    else:
        run.format, run.columns = table.format, table.header
    ImportRun.objects.filter(pk=run.pk).update(format=run.format, columns=run.columns)


def _move(run: ImportRun, to: str, *, of: Sequence[str], wake: bool = False, **fields: Any) -> None:
    """From one of these states to another, unless somebody was faster. Opens the transaction."""
    changes: Mapping[str, Any] = {"state": to, "updated_at": timezone.now(), **fields}
    with transaction.atomic():
        rows = ImportRun.objects.filter(pk=run.pk, user_id=run.user_id, state__in=of)
        if wake and not run.pieces.exists():
            raise NotNow("The file is not kept any more. Upload it again.")
        if not rows.update(**changes):
            raise NotNow("This cannot be done now: the import has gone on meanwhile.")
        if wake:
            _wake(run)
    run.refresh_from_db()


def _wake(run: ImportRun) -> None:
    """Have a worker look at once; without the job, leads.tasks.sweep_imports would see it within a minute."""
    try:
        app.configure_task(DO_IMPORT, allow_unknown=True).defer(run_id=str(run.pk))
    except ConnectorException as error:
        # procrastinate's own word for a lost connection, as in whatsapp/outbound/wakeup.py.
        raise OperationalError(str(error)) from error.__cause__
