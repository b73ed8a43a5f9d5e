"""Writes rows as CSV or XLSX to a binary file, row by row: memory does not depend on their number.

Cells that a spreadsheet would run as formulas get an apostrophe in CSV, which an import removes. In XLSX each cell is a
text or a time, and these are marked as quoted, so that they stay texts when somebody edits them.
"""

import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import IO, Final, Protocol
from xml.sax.saxutils import escape

from leads.importing.cells import csv_line, quote_formula

CSV: Final = "csv"
XLSX: Final = "xlsx"
TYPES: Final = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# What a sheet and a cell can hold.
SHEET_ROWS: Final = 1_048_576
CELL_LENGTH: Final = 32_767
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_KIND: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_STYLES: Final = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="4"><xf/><xf fontId="1" applyFont="1"/><xf quotePrefix="1"/>'
    '<xf numFmtId="164" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_FROZEN: Final = (
    '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft"'
    ' state="frozen"/></sheetView></sheetViews>'
)
# Days are counted from here; Excel knows none before March 1900 by these numbers.
_FIRST: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a workbook has no time zones
_FIRST_RIGHT: Final = datetime(1900, 3, 1)  # noqa: DTZ001 - the same


class Writer(Protocol):
    def write(self, cells: Sequence[str | datetime]) -> None: ...

    def close(self) -> None: ...


class CsvWriter:
    """UTF-8 with a byte order mark, which Excel needs."""

    def __init__(self, file: IO[bytes], header: Mapping[str, int]) -> None:
        self._file = file
        file.write(b"\xef\xbb\xbf")
        self.write(list(header))

    def write(self, cells: Sequence[str | datetime]) -> None:
        self._file.write(csv_line(quote_formula(_text(cell)) for cell in cells).encode(errors="backslashreplace"))

    def close(self) -> None:
        pass


class XlsxWriter:
    """A workbook; a second sheet begins where the first is full."""

    def __init__(self, file: IO[bytes], header: Mapping[str, int]) -> None:
        self._archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        self._header = header
        self._sheets = 0
        self._row = 0
        self._begin()

    def write(self, cells: Sequence[str | datetime]) -> None:
        if self._row == SHEET_ROWS:
            self._end()
            self._begin()
        self._write(cells)

    def close(self) -> None:
        self._end()
        numbers = range(1, self._sheets + 1)
        sheets = "".join(f'<sheet name="Sheet{n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
        relations = "".join(_relation(f"rId{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in numbers)
        relations += _relation("rIdStyles", "styles", "styles.xml")
        types = "".join(_override(f"/xl/worksheets/sheet{n}.xml", "worksheet") for n in numbers)
        types += _override("/xl/styles.xml", "styles") + _override("/xl/workbook.xml", "sheet.main")
        parts = {
            "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
            f"<bookViews><workbookView/></bookViews><sheets>{sheets}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": _relations(relations),
            "_rels/.rels": _relations(_relation("rId1", "officeDocument", "xl/workbook.xml")),
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType='
            f'"application/vnd.openxmlformats-package.relationships+xml"/>{types}</Types>',
        }
        self._archive.writestr("xl/styles.xml", _STYLES)
        for name, text in parts.items():
            self._archive.writestr(name, _HEAD + text)
        self._archive.close()

    def _begin(self) -> None:
        self._sheets += 1
        self._row = 0
        self._sheet = self._archive.open(f"xl/worksheets/sheet{self._sheets}.xml", "w", force_zip64=True)
        widths = "".join(
            f'<col min="{n}" max="{n}" width="{width}" customWidth="1"/>'
            for n, width in enumerate(self._header.values(), start=1)
        )
        begin = f'{_HEAD}<worksheet xmlns="{_MAIN}">{_FROZEN}<cols>{widths}</cols><sheetData>'
        self._sheet.write(begin.encode())
        self._write(list(self._header), style=1)

    def _end(self) -> None:
        self._sheet.write(b"</sheetData></worksheet>")
        self._sheet.close()

    def _write(self, cells: Sequence[str | datetime], style: int = 0) -> None:
        self._row += 1
        self._sheet.write(f"<row>{''.join(_cell(cell, style) for cell in cells)}</row>".encode())


def open_writer(file_format: str, file: IO[bytes], header: Mapping[str, int]) -> Writer:
    """Return the writer of a format, which has written the header: titles with the widths of their columns."""
    return XlsxWriter(file, header) if file_format == XLSX else CsvWriter(file, header)


def _text(cell: str | datetime) -> str:
    return f"{cell:%Y-%m-%d %H:%M:%S}" if isinstance(cell, datetime) else cell


def _cell(cell: str | datetime, style: int) -> str:
    if isinstance(cell, datetime) and (shown := cell.replace(tzinfo=None, microsecond=0)) >= _FIRST_RIGHT:
        since = shown - _FIRST
        return f'<c s="3"><v>{since.days + since.seconds / 86_400:.10f}</v></c>'
    text = _text(cell)
    if not text:
        return "<c/>"
    style = style or (2 if quote_formula(text) != text else 0)
    plain = escape(_FORBIDDEN.sub("\ufffd", text)[:CELL_LENGTH])
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{plain}</t></is></c>'


def _relation(name: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"/>'


def _relations(inside: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inside}</Relationships>'


def _override(part: str, kind: str) -> str:
    return f'<Override PartName="{part}" ContentType="{_KIND}.{kind}+xml"/>'
