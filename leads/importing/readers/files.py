"""Opens a file of leads: detects its format and returns its header and rows."""

from pathlib import PurePath
from typing import BinaryIO, Final

from leads.importing.readers.csv_files import DELIMITERS, CsvRows
from leads.importing.readers.json_lines import JsonRows
from leads.importing.readers.lines import Bytes, Lines
from leads.importing.readers.rows import Row, Table, UnreadableFile
from leads.importing.readers.workbooks import WorkbookRows

__all__ = ["FORMATS", "Row", "Table", "UnreadableFile", "open_table"]

FORMATS: Final = ("csv", "jsonl", "xlsx")
_ENDINGS: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
_ZIP: Final = b"PK\x03\x04"
# Compound files: .xls, and .xlsx with a password (MS-CFB, section 2.2).
_COMPOUND: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_GZIP: Final = b"\x1f\x8b"


def open_table(
    stream: BinaryIO,
    *,
    name: str,
    format: str | None,  # noqa: A002 - the name of the option on the command line
    encoding: str | None,
    delimiter: str | None = None,
    sheet: str | None = None,
) -> Table:
    """Open a file of leads and read its header. The caller closes the stream, after the last row.

    `name` is the file's name, for its ending; `format`, `encoding` and `delimiter` are detected where they are None.
    `sheet` is the name of a workbook's sheet, by default the first. The stream may be a pipe.

    Raises UnreadableFile, as does iterating over the rows.
    """
    source = Bytes(stream)
    start = source.peek()
    if not start:
        raise UnreadableFile("The file is empty.")
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise UnreadableFile(
            f"The delimiter “{delimiter}” must be one character, such as {' '.join(DELIMITERS.split())}."
        )
    format = format or _format(start, name)  # noqa: A001 - as above
    match format:
        case "xlsx":
            if not start.startswith(_ZIP):
                raise UnreadableFile(_not_a_workbook(start))
            workbook = WorkbookRows(source, stream, sheet)
            return Table(workbook.header, iter(workbook), format, workbook.position)
        case "jsonl":
            json_rows = JsonRows(Lines(source, encoding))
            return Table(json_rows.header, iter(json_rows), format, source.position)
        case "csv":
            csv_rows = CsvRows(Lines(source, encoding), delimiter)
            return Table(csv_rows.header, iter(csv_rows), format, source.position)
    raise UnreadableFile(f"There is no format “{format}”. The formats are {', '.join(FORMATS)}.")


def _format(start: bytes, name: str) -> str:
    """Detect the format: by a binary signature, else by the name's ending, else by the first character."""
    if start.startswith((_ZIP, _COMPOUND)):
        return "xlsx"
    if start.startswith(_GZIP):
        raise UnreadableFile("The file is compressed. Unpack it first: gunzip -c FILE | manage.py import_leads -")
    ending = _ENDINGS.get(PurePath(name).suffix.lower())
    if ending:
        return ending
    # Skip byte order marks, and the zero bytes of UTF-16.
    first = start.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1]
    return "jsonl" if first in {b"{", b"["} else "csv"


def _not_a_workbook(start: bytes) -> str:
    if start.startswith(_COMPOUND):
        return "The file is an old .xls, or has a password. Open it in a spreadsheet and save it as .xlsx or CSV."
    return "The file is no Excel workbook (.xlsx). If it is text, use --format csv or give it the ending .csv."
