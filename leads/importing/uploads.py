"""Services for uploaded files in the admin: upload, change options, dry run, import, stop and resume.

leads/importing/upload_worker.py reads previews, and carries out dry runs and imports: no web server reads a file.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import PurePath
from typing import Any, BinaryIO, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_noop

from leads.importing.batches import Options
from leads.importing.columns.fields import Columns
from leads.importing.columns.mapping import guess_fields, place_columns
from leads.importing.preview import LONGEST_NAME, MAX_COLUMNS
from leads.importing.readers.files import Layout, Row, Table, UnreadableFile, open_table
from leads.importing.sample import read_sample
from leads.importing.stored_files import digest_of, store_file
from leads.models import ImportRun
from leadsite.core import clock
from leadsite.core.transactions import queue_job

State = ImportRun.State
DO_IMPORT: Final = "leads.tasks.do_import"
READ_PREVIEW: Final = "leads.tasks.read_preview"
# The states in which a run can be stopped, and those in which it can be resumed.
IN_PROGRESS: Final = (State.TRYING, State.WAITING, State.RUNNING)
STOPPED: Final = (State.INTERRUPTED, State.FAILED)
# How long a request waits for the preview of a file, in order that most pages show it at once; how often it looks.
_WAIT_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.05


class WrongState(Exception):
    """The run is not in a state that allows this; the message is a sentence for the person."""


def upload_file(*, user_id: UUID, name: str, file: BinaryIO, options: Options, encoding: str | None) -> ImportRun:
    """Store the file, create its run in the state preview and queue its reading. Opens the transaction."""
    run = ImportRun(user_id=user_id, file_name=_clean_name(name), file_hash=digest_of(file), state=State.PREVIEW)
    run.options = _stored_options(options, encoding=encoding, columns=None, layout=Layout())
    with transaction.atomic():
        run.save()
        store_file(run=run, file=file)
        _wake_worker(run, READ_PREVIEW)
    return run


def change_reading(
    *,
    run: ImportRun,
    options: Options,
    encoding: str | None,
    columns: Sequence[str | None] | None,
    layout: Layout | None = None,
) -> None:
    """Change how the file is read, discard the preview and the result of the last dry run, and queue its reading.

    `columns` has the field of each column; where it is None, or another sheet or line has the header, names decide.
    Raises WrongState; django.db.OperationalError.
    """
    layout = layout or Layout()
    if (layout.sheet, layout.header_row) != (run.options.get("sheet"), run.options.get("header_row")):
        columns = None
    stored = _stored_options(options, encoding=encoding, columns=columns, layout=layout)
    if stored == run.options:
        return
    changes = {"options": stored, "trial": None, "preview": None, "attempts": 0}
    _change_state(run, State.PREVIEW, allowed=(State.PREVIEW,), wake=True, **changes)


def wait_for_preview(run: ImportRun) -> None:
    """Wait a moment until a worker has read the preview, and refresh the run."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while run.preview is None and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
        run.refresh_from_db()


def try_import(*, run: ImportRun) -> None:
    """Queue a dry run. Opens the transaction. Raises WrongState; django.db.OperationalError."""
    _change_state(run, State.TRYING, allowed=(State.PREVIEW,), wake=True, trial=None, progress=None, attempts=0)


def start_import(*, run: ImportRun) -> None:
    """Queue the import. Opens the transaction. Raises WrongState; django.db.OperationalError."""
    _change_state(run, State.WAITING, allowed=(State.PREVIEW,), wake=True, progress=None, attempts=0)


def resume_import(*, run: ImportRun) -> None:
    """Queue the rest of a stopped import. Opens the transaction. Raises WrongState; django.db.OperationalError."""
    _change_state(run, State.WAITING, allowed=STOPPED, wake=True, error="", finished_at=None, attempts=0)


def stop_import(*, run: ImportRun) -> None:
    """Stop a dry run or an import after its current batch: the worker checks the state. Raises WrongState."""
    try:
        _change_state(run, State.PREVIEW, allowed=(State.TRYING,), trial=None, progress=None)
    except WrongState:
        _change_state(run, State.INTERRUPTED, allowed=(State.WAITING, State.RUNNING), finished_at=clock.now())


def open_run(run: ImportRun, file: BinaryIO) -> Table:
    """Open an uploaded file as a table. Raises UnreadableFile."""
    layout = Layout(run.options.get("sheet"), run.options.get("header_row"))
    return open_table(file, name=run.file_name, format=None, encoding=run.options.get("encoding"), layout=layout)


def options_of(run: ImportRun) -> Options:
    return Options(**{name: run.options[name] for name in Options.__slots__ if name in run.options})


def fields_of(run: ImportRun, header: Sequence[str], sample: Sequence[Row]) -> list[str | None]:
    """Return the field of each column, as chosen for this header, or else as names and first rows suggest.

    Raises UnreadableFile for a header that is no header.
    """
    _check_header(header)
    chosen = _chosen_fields(run, header)
    return chosen if chosen is not None else guess_fields(header, _cells(sample), options_of(run).reading)


def columns_of(run: ImportRun, header: Sequence[str], sample: Sequence[Row]) -> Columns:
    """Return the run's columns. Raises UnknownColumns, and UnreadableFile for a header that is no header."""
    _check_header(header)
    chosen, reading = _chosen_fields(run, header), options_of(run).reading
    return place_columns(header, chosen, sample=_cells(sample), reading=reading)


def open_rows(run: ImportRun, file: BinaryIO) -> tuple[Table, Columns]:
    """Open an uploaded file and judge its columns by its first rows. Raises UnreadableFile, UnknownColumns."""
    sample, table = read_sample(open_run(run, file))
    return table, columns_of(run, table.header, sample)


def _check_header(header: Sequence[str]) -> None:
    if len(header) > MAX_COLUMNS:
        raise UnreadableFile(
            gettext_noop("The file has %(header)s columns; the maximum is %(max_columns)s. Delete unused columns.")
            % {"header": len(header), "max_columns": MAX_COLUMNS}
        )
    if (longest := max(map(len, header), default=0)) > LONGEST_NAME:
        raise UnreadableFile(
            gettext_noop(
                "The name of a column has %(longest)s characters; the maximum is %(longest_name)s. Check which "
                "line has the names of the columns."
            )
            % {"longest": longest, "longest_name": LONGEST_NAME}
        )


def _chosen_fields(run: ImportRun, header: Sequence[str]) -> list[str | None] | None:
    chosen = run.options.get("columns")
    return list(chosen) if chosen is not None and len(chosen) == len(header) else None


def _cells(rows: Sequence[Row]) -> list[Sequence[str]]:
    return [row.cells for row in rows]


def _stored_options(
    options: Options, *, encoding: str | None, columns: Sequence[str | None] | None, layout: Layout
) -> dict[str, Any]:
    place = {"sheet": layout.sheet, "header_row": layout.header_row}
    return asdict(options) | place | {"encoding": encoding, "columns": list(columns) if columns is not None else None}


def _clean_name(name: str) -> str:
    """The last part of a path, without characters that cannot be stored."""
    return PurePath(name.replace("\\", "/")).name.replace("\0", "")[:200] or "file"


def _change_state(run: ImportRun, to: str, *, allowed: Sequence[str], wake: bool = False, **fields: Any) -> None:
    """Change the state from an allowed one. Opens the transaction.

    Raises WrongState where another request or the worker has changed the state first, or the file has been deleted.
    """
    # A worker that is still on what was decided before leaves the run: see ImportRun.claimed.
    changes: Mapping[str, Any] = {"state": to, "claim": F("claim") + 1, "updated_at": clock.now(), **fields}
    with transaction.atomic():
        rows = ImportRun.objects.filter(pk=run.pk, user_id=run.user_id, state__in=allowed)
        if wake and not run.pieces.exists():
            raise WrongState(gettext_noop("The file has been deleted. Upload it again."))
        if not rows.update(**changes):
            raise WrongState(
                gettext_noop("This is not possible now: the state of the import has changed. See the page.")
            )
        if wake:
            _wake_worker(run, READ_PREVIEW if to == State.PREVIEW else DO_IMPORT)
    run.refresh_from_db()


def _wake_worker(run: ImportRun, task: str) -> None:
    """Queue a job, so that a worker starts at once; without it leads.tasks.sweep_imports would within a minute."""
    queue_job(task, run_id=str(run.pk))
