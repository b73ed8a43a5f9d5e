"""Reads uploaded files in a process of its own, Note [Isolated readers]: batches of an import, and the first rows."""

import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO, Final

from django.utils.translation import gettext_noop

from leads.importing.batches import Batch, read_batch, read_batches
from leads.importing.columns.fields import Columns, UnknownColumns
from leads.importing.isolated.process import Limits, ReaderDied, run_isolated
from leads.importing.phones.columns import judge_rows, several_notes
from leads.importing.preview import LONGEST_CELL, Preview, PreviewRow
from leads.importing.readers.rows import Row, UnreadableFile
from leads.importing.sample import read_sample
from leads.importing.stored_files import PIECE, open_file
from leads.importing.uploads import columns_of, fields_of, open_rows, open_run, options_of
from leads.models import ImportRun

ROWS: Final = 10
_EXPECTED: Final = (UnreadableFile, UnknownColumns)
# A preview reads the first 3000 rows, of a workbook perhaps after all its texts: seconds and 300 MB.
PREVIEW_LIMITS: Final = Limits(memory=2**30, cpu=60, silence=120, message=16 * 2**20, expected=_EXPECTED)
# A million rows take minutes; the silence is below resume.STALE. A row has at most 16 Mi characters.
IMPORT_LIMITS: Final = Limits(memory=2**30, cpu=1800, silence=300, message=192 * 2**20, expected=_EXPECTED)


class IsolatedBatches:
    """Iterates over the batches of a run's file after the first `skip` rows.

    `table_notes` and `notes` (also those on the columns) are set after the last one. Iterating raises UnreadableFile,
    UnknownColumns, FileGone; django.db.Error.
    """

    def __init__(self, run: ImportRun, *, size: int, skip: int = 0) -> None:
        self._run, self._size, self._skip = run, size, skip
        self.table_notes: Sequence[str] = ()
        self.notes: Sequence[str] = ()

    def __iter__(self) -> Generator[Batch]:
        with _copied(self._run) as file, _sentences():
            reader = run_isolated(
                _batches, _described(self._run), self._size, self._skip, file=file, limits=IMPORT_LIMITS
            )
            for part in reader:
                if isinstance(part, Batch):
                    yield part
                else:
                    self.table_notes, self.notes = part


def read_first_rows(run: ImportRun, *, still_reads: Callable[[], object]) -> tuple[Preview, Batch]:
    """Return the preview of a run's file, and its rows as a batch, which are not yet compared with what is stored.

    `still_reads`: see run_isolated. Raises UnreadableFile, FileGone; django.db.Error.
    """
    with _copied(run) as file, _sentences():
        ((preview, batch),) = run_isolated(
            _first_rows, _described(run), file=file, limits=PREVIEW_LIMITS, still_reads=still_reads
        )
    return preview, batch


def _described(run: ImportRun) -> ImportRun:
    """What a reader is told of the run."""
    return ImportRun(file_name=run.file_name, options=run.options)


@contextmanager
def _copied(run: ImportRun) -> Iterator[BinaryIO]:
    """The run's file on disk, which a process without the database can read. Raises FileGone."""
    with open_file(run=run) as stored, tempfile.TemporaryFile() as copy:
        while piece := stored.read(PIECE):
            copy.write(piece)
        copy.flush()
        yield copy


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except ReaderDied as error:
        raise UnreadableFile(
            gettext_noop(
                "The file cannot be read: %(error)s. Open it in a spreadsheet and save it as CSV, in several "
                "parts where it is large."
            )
            % {"error": error}
        ) from error


def _batches(file: BinaryIO, run: ImportRun, size: int, skip: int) -> Iterator[Batch | tuple[list[str], list[str]]]:
    table, columns = open_rows(run, file)
    yield from read_batches(table, columns, options_of(run), size, skip=skip)
    yield table.notes, [*table.notes, *columns.notes]


def _first_rows(file: BinaryIO, run: ImportRun) -> Iterator[tuple[Preview, Batch]]:
    preview, batch = Preview(), Batch()
    rows: list[Row] = []
    try:
        sample, table = read_sample(open_run(run, file))
        preview.format, preview.sheets, preview.alike = table.format, table.sheets, bool(table.alike)
        preview.header = table.header
        preview.fields = fields_of(run, table.header, sample)
        rows.extend(islice(table.rows, ROWS))
        columns = columns_of(run, table.header, sample)
        preview.notes, preview.unknown = [*table.notes, *columns.notes], columns.unknown
        batch = _judged(preview, run, columns, sample, rows)
        if not rows:
            preview.problem = gettext_noop("The file has a header and no rows.")
    except _EXPECTED as error:
        preview.problem = str(error)
        preview.sheets = preview.sheets or getattr(error, "sheets", ())
        preview.rows = [PreviewRow(row.line, row.cells, row.error or "") for row in rows]
    yield preview.bounded(), batch


def _judged(preview: Preview, run: ImportRun, columns: Columns, sample: Sequence[Row], rows: Sequence[Row]) -> Batch:
    """Set the preview's rows, and return them as a batch with shortened cells."""
    options = options_of(run)
    phones = judge_rows(sample, columns, region=options.region)
    preview.phones = phones.judgment
    preview.notes = [*preview.notes, *several_notes(preview.phones.several)]
    batch = read_batch(rows, columns, options, phones)
    for row, said in zip(batch.rows, batch.said, strict=True):
        cells = list(row.cells)
        if "customer_phone" in said:
            cells[_place(columns.places["customer_phone"], cells, said["customer_phone"])] = said["customer_phone"]
        preview.rows.append(PreviewRow(row.line, cells))
    preview.rows.extend(PreviewRow(one.row.line, one.row.cells, one.reason) for one in batch.refusals)
    shortened = [row._replace(cells=[cell[:LONGEST_CELL] for cell in row.cells]) for row in batch.rows]
    return Batch(rows=shortened, checked=batch.checked)


def _place(indexes: Sequence[int], cells: Sequence[str], phone: str) -> int:
    """The column, of several with phones, that the phone was read from: the one that has its last digits."""
    return next((index for index in indexes if phone[-6:] in "".join(filter(str.isdigit, cells[index]))), indexes[0])
