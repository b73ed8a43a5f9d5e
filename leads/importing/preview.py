"""The preview of an uploaded file: its header and first rows as they would be imported.

A worker reads it (isolated/reading.py) and stores it with the run, whose page shows what is stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from leads.importing.phones.judging import Judgment
from leads.importing.readers.rows import storable
from leads.models import ImportRun

# A page cannot show more; an import of more columns is refused.
MAX_COLUMNS: Final = 500
LONGEST_CELL: Final = 400
LONGEST_NAME: Final = 1000
_SHEETS: Final = 200
_NOTES: Final = 50
_VALUES: Final = 40


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """`cells` as they would be stored, with completed phone numbers. `reason`: why the row would be refused, or ""."""

    line: int
    cells: Sequence[str]
    reason: str = ""

    def bounded(self) -> "PreviewRow":
        cells = [cell[:LONGEST_CELL] for cell in self.cells[:MAX_COLUMNS]]
        return PreviewRow(self.line, cells, self.reason[:LONGEST_NAME])


@dataclass(slots=True)
class Preview:
    """`problem` says why the file cannot be imported as it is, or "". Header and rows are set if readable.

    `notes` are sentences about the columns; `unknown` are the values of the first rows without known meaning, by field.
    `phones` is the judgment of the phone column. `sheets` are the visible sheets of a workbook; `alike`: several of
    them may be meant, and none was chosen.
    """

    format: str = ""
    header: list[str] = field(default_factory=list)
    fields: list[str | None] = field(default_factory=list)
    rows: list[PreviewRow] = field(default_factory=list)
    problem: str = ""
    notes: Sequence[str] = ()
    unknown: Mapping[str, Sequence[str]] = field(default_factory=dict)
    phones: Judgment = field(default_factory=Judgment)
    sheets: Sequence[str] = ()
    alike: bool = False

    def bounded(self) -> "Preview":
        """The preview with what a page can show of it, so that no file makes it large."""
        return Preview(
            format=self.format,
            header=[name[:LONGEST_NAME] for name in self.header[:MAX_COLUMNS]],
            fields=self.fields[:MAX_COLUMNS],
            rows=[row.bounded() for row in sorted(self.rows, key=lambda row: row.line)],
            problem=self.problem[: 2 * LONGEST_NAME],
            notes=[note[:LONGEST_NAME] for note in self.notes[:_NOTES]],
            unknown={
                name: [value for value in values if len(value) <= LONGEST_CELL][:_VALUES]
                for name, values in self.unknown.items()
            },
            phones=self.phones,
            sheets=[name[:LONGEST_CELL] for name in self.sheets[:_SHEETS]],
            alike=self.alike,
        )

    def refuse(self, reasons: Mapping[int, str]) -> None:
        """Say of the rows at these lines why they would be refused."""
        self.rows = [PreviewRow(row.line, row.cells, reasons.get(row.line, row.reason)) for row in self.rows]


def stored_form(preview: Preview) -> dict[str, Any]:
    """The preview as JSON that PostgreSQL can store."""
    stored: dict[str, Any] = _storable(asdict(preview))
    return stored


def stored_preview(run: ImportRun) -> Preview | None:
    """The preview that is stored with the run; None until a worker has read it."""
    if run.preview is None:
        return None
    stored = dict(run.preview)
    rows = [PreviewRow(**row) for row in stored.pop("rows")]
    phones = stored.pop("phones")
    return Preview(**stored, rows=rows, phones=Judgment(**phones | {"regions": tuple(phones["regions"])}))


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case dict():
            return {name: _storable(one) for name, one in value.items()}
        case list() | tuple():
            return [_storable(one) for one in value]
    return value
