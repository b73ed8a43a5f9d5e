"""Converts rows of a file to batches for the service import_leads, and counts the results."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple
from uuid import UUID

from django.utils.translation import gettext_noop

from leads.erased_rows import ERASED, without_erased
from leads.importing.cells import BadCell, is_blank
from leads.importing.columns.fields import Columns, Reading
from leads.importing.phones.columns import PhoneColumn, judge_rows
from leads.importing.readers.rows import ABSENT, LINE_LIMIT, Row, Table
from leads.importing.sample import read_sample
from leads.models import Lead
from leads.services.file_rows import NOTHING_CHECKED, SKIP, UPDATE, CheckedRows, check_rows
from leads.services.import_rows import import_leads, validate_rows
from leads.services.rules import LeadError
from leads.services.update_rows import EarlierRows

# What a new lead has where neither the row nor --type and --status say it. A customer may have no name.
_BUILT_IN: Final[Mapping[str, str]] = {"type": Lead.Type.INQUIRY.value, "customer_name": ""}
# Of the rows of a batch: 5000 rows of a usual list are a million.
_CHUNK_CHARACTERS: Final = 16 * 2**20
_SHOWN_OF_LONG: Final = 200
# The fields that a blank cell can empty.
CLEARABLE: Final = ("details",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the rows of a file are imported. `region`: see PhoneColumn.

    `defaults` are for new leads whose row does not say the field; they never change a lead that exists. In a column of
    `blank_clears`, a blank cell empties the field; in others it says nothing. `again`: each row is looked for, although
    the file was imported before (uploads only; see resume.py). The rest is for columns: see Reading.
    """

    on_duplicate: str = SKIP
    source: str = "import"
    defaults: dict[str, str] = field(default_factory=dict)
    region: str | None = None
    blank_clears: list[str] = field(default_factory=list)
    ignore: list[str] = field(default_factory=list)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    keep_dates: bool = False
    date_order: str | None = None
    again: bool = False

    @property
    def reading(self) -> Reading:
        return Reading(
            ignore=self.ignore,
            values=self.values,
            keep_dates=self.keep_dates,
            date_order=self.date_order,
            defaults=self.defaults,
            updates=self.updates,
        )

    @property
    def for_new_leads(self) -> dict[str, str]:
        return {**_BUILT_IN, **self.defaults}

    @property
    def updates(self) -> bool:
        return self.on_duplicate == UPDATE


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row was not stored. `field` is None where the reason is the row as a whole.

    `conflict` is the error of a row that is right for itself, and conflicts with a stored one.
    """

    row: Row
    field: str | None
    reason: str
    conflict: LeadError | None = None


@dataclass(slots=True)
class Counts:
    """How many rows were read, and the results: read = created + updated + skipped + failed."""

    read: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0
    failed: int = 0

    def add(self, other: "Counts") -> None:
        for name in Counts.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Batch:
    """Some rows of a file: those that can be read, with what they say and the result of check_rows; and the refused.

    `said` has for each of `rows` the fields that it says: the column is there and the cell is not blank. A field that
    the row empties on purpose (Options.blank_clears) is said to be "". Defaults are not in it.
    `position`: the share of the file that has been read after them, see Table.
    """

    rows: list[Row] = field(default_factory=list)
    said: list[dict[str, str]] = field(default_factory=list)
    checked: CheckedRows = NOTHING_CHECKED
    refusals: list[Refusal] = field(default_factory=list)
    position: float | None = None


def read_batches(table: Table, columns: Columns, options: Options, size: int, *, skip: int = 0) -> Iterator[Batch]:
    """Group the rows of a file after the first `skip` by `size`, and read their cells. Raises UnreadableFile.

    The phone column is judged by the first rows of the file, also where they are skipped: a run that is resumed reads
    the rest as it has read the beginning. After the last batch, the table's notes say what was found.
    """
    sample, table = read_sample(table)
    phones = judge_rows(sample, columns, region=options.region)
    empty = not skip
    for chunk in _chunks(islice(table.rows, skip, None), size):
        empty = False
        batch = read_batch(chunk, columns, options, phones)
        batch.position = table.position()
        yield batch
    if empty:
        table.notes.append(gettext_noop("The file has a header and no rows."))
    table.notes.extend(phones.notes())


def _chunks(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    """Group rows by `size`; fewer where they are long, so that a batch has bounded memory."""
    chunk: list[Row] = []
    characters = 0
    for row in rows:
        length = sum(map(len, row.cells))
        chunk.append(row if length <= LINE_LIMIT else _too_long(row, length))
        characters += length
        if len(chunk) == size or characters > _CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _too_long(row: Row, length: int) -> Row:
    """The row as refused. The cells of a workbook may all be the same long text, so they are cut."""
    cells = [cell[:_SHOWN_OF_LONG] for cell in row.cells]
    problem = gettext_noop("The row has %(length)s characters; the maximum is %(line_limit)s.")
    return Row(row.line, cells, problem % {"length": length, "line_limit": LINE_LIMIT})


def read_batch(chunk: Iterable[Row], columns: Columns, options: Options, phones: PhoneColumn) -> Batch:
    """Read the cells of rows and validate them by the rules that need no database."""
    batch = Batch()
    clears = [name for name in options.blank_clears if name in columns.fields]
    for row in chunk:
        if row.error is not None:
            batch.refusals.append(Refusal(row, None, row.error))
            continue
        if row.broken and (broken := columns.broken_field(row.cells, row.broken)) is not None:
            batch.refusals.append(Refusal(row, *broken))
            continue
        values = columns.pick(row.cells)
        said = {name: value for name, value in zip(columns.fields, values, strict=True) if not is_blank(value)}
        for name in clears:
            if values[columns.fields.index(name)] is not ABSENT:
                said.setdefault(name, "")
        country = said.pop("country", "")
        # An update of a lead that has an external id needs no number.
        if "customer_phone" in said or not (options.updates and "external_id" in said):
            try:
                said["customer_phone"] = phones.read(said.get("customer_phone", ""), country)
            except BadCell as error:
                batch.refusals.append(Refusal(row, "customer_phone", str(error)))
                continue
        if (refused := columns.translate(said)) is not None:
            batch.refusals.append(Refusal(row, *refused))
            continue
        batch.rows.append(row)
        batch.said.append(said)
    batch.checked = check_rows(batch.said, defaults=options.for_new_leads, on_duplicate=options.on_duplicate)
    return batch


class RowChange(NamedTuple):
    """A field of a lead, or of its customer, that the row at `line` changes."""

    line: int
    field: str
    before: str
    after: str


class Loaded(NamedTuple):
    """What became of a batch. `changes` are those of leads and customers that were there."""

    counts: Counts
    refusals: list[Refusal]
    changes: list[RowChange]


Work = Callable[[Batch], Loaded]


def load(
    batch: Batch, *, user_id: UUID, run_id: UUID | None, options: Options, earlier: EarlierRows | None = None
) -> Loaded:
    """Import the batch. Caller holds the transaction. Raises django.db.Error."""
    with without_erased(
        batch.checked.with_lines([row.line for row in batch.rows]), user_id=user_id, run_id=run_id
    ) as rows:
        imported = import_leads(
            user_id=user_id,
            rows=rows,
            source=options.source,
            on_duplicate=options.on_duplicate,
            import_run_id=run_id,
            earlier=earlier,
        )
    errors = {index: error for index, error in imported.errors.items() if error is not ERASED}
    skipped = imported.skipped + len(imported.errors) - len(errors)
    counts = Counts(created=imported.created, updated=imported.updated, skipped=skipped)
    changes = [RowChange(batch.rows[change.row].line, *change[1:]) for change in imported.changes]
    return _counted(batch, counts, errors, changes)


def validate(batch: Batch, *, user_id: UUID, options: Options) -> Loaded:
    """Validate the batch and store nothing: for a file that was imported before, whose valid rows are skipped."""
    errors = validate_rows(user_id=user_id, rows=batch.checked, on_duplicate=options.on_duplicate)
    return _counted(batch, Counts(skipped=len(batch.rows) - len(errors)), errors, [])


def _counted(batch: Batch, counts: Counts, errors: Mapping[int, LeadError], changes: list[RowChange]) -> Loaded:
    refusals = [
        *batch.refusals,
        *(
            Refusal(batch.rows[index], error.field, error.sentence, error if error.is_conflict else None)
            for index, error in errors.items()
        ),
    ]
    refusals.sort(key=lambda refusal: refusal.row.line)
    counts.failed = len(refusals)
    counts.read = counts.created + counts.updated + counts.skipped + counts.failed
    return Loaded(counts, refusals, changes)
