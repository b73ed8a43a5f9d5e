"""Opens a file of leads: detects its format and returns its header and rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from django.utils.translation import gettext_noop

from leads.importing.readers.csv_files import CsvRows
from leads.importing.readers.delimiters import DELIMITERS
from leads.importing.readers.footers import without_footer
from leads.importing.readers.formats import FORMATS, ZIP, detect_format, not_this_format
from leads.importing.readers.headers import check_header_row
from leads.importing.readers.json_lines import JsonRows
from leads.importing.readers.lines import Bytes, Lines
from leads.importing.readers.rows import Row, Table, UnreadableFile
from leads.importing.readers.vcards import VcardRows
from leads.importing.readers.workbooks.sheet_rows import WorkbookRows

__all__ = ["FORMATS", "Layout", "Row", "Table", "UnreadableFile", "open_table"]

_WORKBOOKS: Final = ("xlsx", "ods", "zip")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the table is in the file, as a person said it; None is found.

    `sheet` is the name of a workbook's sheet, `header_row` the line (of a workbook: the row) with the names of the
    columns. `mapping` are names of columns with their fields, by which the header is recognised.
    """

    sheet: str | None = None
    header_row: int | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)


def open_table(
    stream: BinaryIO,
    *,
    name: str,
    format: str | None,  # noqa: A002 - the name of the option on the command line
    encoding: str | None,
    delimiter: str | None = None,
    layout: Layout | None = None,
) -> Table:
    """Open a file of leads and read its header. The caller closes the stream, after the last row.

    `name` is the file's name, for its ending; `format`, `encoding` and `delimiter` are detected where they are None.
    The stream may be a pipe.

    Raises UnreadableFile, as does iterating over the rows.
    """
    source, layout = Bytes(stream), layout or Layout()
    start = source.peek()
    if not start:
        raise UnreadableFile(gettext_noop("The file is empty."))
    _check_delimiter(delimiter)
    check_header_row(layout.header_row)
    found = format or detect_format(start, name)
    if found in _WORKBOOKS:
        if not start.startswith(ZIP):
            raise UnreadableFile(not_this_format(start, found))
        return _workbook(source, stream, layout)
    _check_layout(found, layout)
    if found == "csv":
        return _csv(source, encoding, delimiter, layout)
    match found:
        case "jsonl":
            json_rows = JsonRows(Lines(source, encoding))
            return Table(json_rows.header, iter(json_rows), found, source.position)
        case "vcf":
            cards = without_footer(VcardRows(Lines(source, encoding)), [])
            return Table(VcardRows.header, cards, found, source.position)
    unknown = gettext_noop("There is no format “%(found)s”. The formats are %(value)s.")
    raise UnreadableFile(unknown % {"found": found, "value": ", ".join(FORMATS)})


def _check_layout(found: str, layout: Layout) -> None:
    if layout.sheet:
        raise UnreadableFile(
            gettext_noop("Only workbooks have sheets, and this file is %(upper)s.") % {"upper": found.upper()}
        )
    if found != "csv" and layout.header_row not in (None, 1):
        raise UnreadableFile(
            gettext_noop("Only CSV files and workbooks have a line with a header, and this file is %(found)s.")
            % {"found": found}
        )


def _check_delimiter(delimiter: str | None) -> None:
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise UnreadableFile(
            gettext_noop("The delimiter “%(delimiter)s” must be one character, such as %(value)s.")
            % {"delimiter": delimiter, "value": " ".join(DELIMITERS.split())}
        )


def _workbook(source: Bytes, stream: BinaryIO, layout: Layout) -> Table:
    notes: list[str] = []
    book = WorkbookRows(
        source, stream, notes=notes, sheet=layout.sheet, header_row=layout.header_row, mapping=layout.mapping
    )
    rows = without_footer(book, notes)
    table = Table(book.header, rows, book.format, book.position, notes)
    table.sheet, table.sheets, table.alike, table.header_line = book.sheet, book.sheets, book.alike, book.header_line
    return table


def _csv(source: Bytes, encoding: str | None, delimiter: str | None, layout: Layout) -> Table:
    notes: list[str] = []
    rows = CsvRows(
        Lines(source, encoding), delimiter, notes=notes, header_row=layout.header_row, mapping=layout.mapping
    )
    table = Table(rows.header, without_footer(rows, notes), "csv", source.position, notes)
    table.header_line = rows.header_line
    return table
