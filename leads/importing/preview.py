"""The preview of an uploaded file: its header and first rows as they would be imported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from leads.importing.batches import read_batch, validate
from leads.importing.columns.fields import Columns, UnknownColumns
from leads.importing.phones.columns import judge_rows, several_notes
from leads.importing.phones.judging import Judgment
from leads.importing.readers.files import Row, UnreadableFile
from leads.importing.readers.rows import storable
from leads.importing.sample import read_sample
from leads.importing.stored_files import FileGone, open_file
from leads.importing.uploads import columns_of, fields_of, open_run, options_of
from leads.models import ImportRun

ROWS: Final = 10


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """`cells` as they would be stored, with completed phone numbers. `reason`: why the row would be refused, or ""."""

    line: int
    cells: Sequence[str]
    reason: str = ""


@dataclass(slots=True)
class Preview:
    """`problem` says why the file cannot be imported as it is, or "". Header and rows are set if readable.

    `notes` are sentences about the columns; `unknown` are the values of the first rows without known meaning, by field.
    `phones` is the judgment of the phone column. `sheets` are the visible sheets of a workbook; `alike`: several of
    them may be meant, and none was chosen.
    """

    header: list[str] = field(default_factory=list)
    fields: list[str | None] = field(default_factory=list)
    rows: list[PreviewRow] = field(default_factory=list)
    problem: str = ""
    notes: Sequence[str] = ()
    unknown: Mapping[str, Sequence[str]] = field(default_factory=dict)
    phones: Judgment = field(default_factory=Judgment)
    sheets: Sequence[str] = ()
    alike: bool = False


def read_preview(run: ImportRun) -> Preview:
    """Read the header and the first rows and validate them; nothing is stored."""
    preview = Preview()
    rows: list[Row] = []
    try:
        with open_file(run=run) as file:
            sample, table = read_sample(open_run(run, file))
            preview.sheets, preview.alike = table.sheets, bool(table.alike)
            preview.header, preview.fields = table.header, fields_of(run, table.header, sample)
            rows.extend(islice(table.rows, ROWS))
        columns = columns_of(run, table.header, sample)
        preview.notes, preview.unknown = [*table.notes, *columns.notes], columns.unknown
        _validate(preview, run, columns, sample, rows)
        if not rows:
            preview.problem = "The file has a header and no rows."
    except (UnreadableFile, FileGone, UnknownColumns) as error:
        preview.problem = str(error)
        preview.sheets = preview.sheets or getattr(error, "sheets", ())
        preview.rows = [PreviewRow(row.line, list(map(storable, row.cells)), row.error or "") for row in rows]
    return preview


def _validate(preview: Preview, run: ImportRun, columns: Columns, sample: Sequence[Row], rows: Sequence[Row]) -> None:
    """Set the preview's rows. Raises UnknownColumns, UnreadableFile."""
    options = options_of(run)
    phones = judge_rows(sample, columns, region=options.region)
    preview.phones = phones.judgment
    preview.notes = [*preview.notes, *several_notes(preview.phones.several)]
    batch = read_batch(rows, columns, options, phones)
    found: dict[int, PreviewRow] = {}
    for row, said in zip(batch.rows, batch.said, strict=True):
        cells = list(row.cells)
        if "customer_phone" in said:
            cells[_place(columns.places["customer_phone"], cells, said["customer_phone"])] = said["customer_phone"]
        found[row.line] = PreviewRow(row.line, cells)
    for refusal in validate(batch, user_id=run.user_id, options=options).refusals:
        cells = list(found[refusal.row.line].cells if refusal.row.line in found else refusal.row.cells)
        found[refusal.row.line] = PreviewRow(refusal.row.line, list(map(storable, cells)), refusal.reason)
    preview.rows = [found[line] for line in sorted(found)]


def _place(indexes: Sequence[int], cells: Sequence[str], phone: str) -> int:
    """The column, of several with phones, that the phone was read from: the one that has its last digits."""
    return next((index for index in indexes if phone[-6:] in "".join(filter(str.isdigit, cells[index]))), indexes[0])
