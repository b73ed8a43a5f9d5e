"""Reads OpenDocument spreadsheets (.ods), whose cells contain the text that a person sees."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from django.utils.translation import gettext_noop

from leads.importing.readers.broken_cells import broken_text
from leads.importing.readers.rows import UnreadableFile
from leads.importing.readers.workbooks.number_formats import general
from leads.importing.readers.workbooks.packages import Attributes, Package, xml_parser
from leads.importing.readers.workbooks.sheets import (
    COLUMN_LIMIT,
    EXACT,
    FORMULA,
    ROUNDED,
    ROW_LIMIT,
    Sheet,
    SheetRow,
    TextOfCell,
    check_length,
    check_place,
)

_CONTENT: Final = "content.xml"
# A cell or row is often repeated to the end of the sheet only for its colour; a few repetitions are data.
_REPEATED_ROWS: Final = 10_000
_PARAGRAPHS: Final = 1000
_EXPONENT: Final = re.compile(r"[0-9][eE][+-]?[0-9]|#{2,}")
_WHOLE_WITH_SEPARATORS: Final = re.compile(r"-?[0-9]{1,3}(?:[.,'\u00a0\u202f\u2019 ][0-9]{3})+")


class OpenDocument:
    """`sheets` are all, in their order."""

    def __init__(self, package: Package) -> None:
        """Raises what a damaged file raises: KeyError, ExpatError, zlib.error and others; UnreadableFile."""
        self._package = package
        if "encryption-data" in package.text("META-INF/manifest.xml", limit=2**16):
            raise UnreadableFile(gettext_noop("The spreadsheet has a password. Save it without one, then import it."))
        hidden: set[str] = set()
        tables: list[tuple[str, str]] = []
        style = [""]

        def start(name: str, attributes: Attributes) -> None:
            if name == "style:style":
                style[0] = attributes.get("style:name", "")
            elif name == "style:table-properties" and attributes.get("table:display") == "false":
                hidden.add(style[0])
            elif name == "table:table":
                tables.append((attributes.get("table:name", ""), attributes.get("table:style-name", "")))

        parser = xml_parser(start)
        for block in package.blocks(_CONTENT):
            parser.Parse(block)
        self.sheets = tuple(
            Sheet(name, style_name not in hidden, partial(self._rows, number))
            for number, (name, style_name) in enumerate(tables)
        )

    def _rows(self, number: int, progress: Callable[[float], None] | None) -> Iterator[SheetRow]:
        parser = _TableParser(number)
        size, done = max(1, self._package.size(_CONTENT)), 0
        for block in self._package.blocks(_CONTENT):
            done += len(block)
            for row, repeated in parser.feed(block):
                for offset in range(repeated if row.cells else 0):
                    yield row._replace(line=row.line + offset)
            if progress:
                progress(done / size)
            if parser.ended:
                return


class _TableParser:
    """Takes the document's XML in blocks, and returns the complete rows of one table with their repetitions."""

    def __init__(self, number: int) -> None:
        self.ended = False
        self._number = number
        self._depth = 0
        self._parser = xml_parser(self._start, self._end)
        self._rows: list[tuple[SheetRow, int]] = []
        self._line = 1
        self._repeated = 1
        self._cells: list[str] = []
        self._broken: dict[int, str] = {}
        self._cell: Attributes | None = None
        self._column = 0
        self._paragraphs: list[str] = []
        self._text = TextOfCell()
        self._note = 0
        # By column: the last row of a merged cell that was begun above, its text and what is wrong with it.
        self._spanning: dict[int, tuple[int, str, str | None]] = {}

    def feed(self, block: bytes) -> list[tuple[SheetRow, int]]:
        self._rows = []
        self._parser.Parse(block)
        return self._rows

    def _start(self, name: str, attributes: Attributes) -> None:
        if name == "table:table":
            self._depth += 1
            self._number -= self._depth == 1
        elif self._number != -1 or self.ended or self._depth != 1:
            return
        elif name in ("table:table-cell", "table:covered-table-cell"):
            self._cell, self._paragraphs = attributes, []
        elif name == "text:p" and not self._note:
            self._parser.CharacterDataHandler = self._text.add
        elif name in ("text:s", "text:tab", "text:line-break"):
            count = min(int(attributes.get("text:c", 1)), 1000)
            self._text.add({"text:s": " " * count, "text:tab": "\t"}.get(name, "\n"))
        elif name in ("office:annotation", "draw:frame"):
            self._note += 1
        elif name == "table:table-row":
            self._repeated = max(1, int(attributes.get("table:number-rows-repeated", 1)))
            self._cells, self._broken, self._column = [], {}, 0

    def _end(self, name: str) -> None:
        if name == "table:table":
            self.ended = self.ended or (self._number == -1 and self._depth == 1)
            self._depth -= 1
        elif self._number != -1 or self.ended or self._depth != 1:
            return
        elif name == "text:p" and not self._note:
            self._parser.CharacterDataHandler = None
            text = self._text.take()
            if len(self._paragraphs) < _PARAGRAPHS:
                self._paragraphs.append(text)
        elif name in ("office:annotation", "draw:frame"):
            self._note -= 1
        elif name in ("table:table-cell", "table:covered-table-cell") and self._cell is not None:
            self._end_cell(self._cell)
            self._cell = None
        elif name == "table:table-row":
            self._end_row()

    def _end_cell(self, cell: Attributes) -> None:
        repeated = max(1, int(cell.get("table:number-columns-repeated", 1)))
        text, problem = _read(cell, "\n".join(self._paragraphs))
        if text:
            check_place(1, self._column)
            self._cells.extend([""] * (self._column - len(self._cells)))
            for _ in range(min(repeated, COLUMN_LIMIT - self._column)):
                if problem:
                    self._broken[len(self._cells)] = problem
                self._cells.append(text)
            if int(cell.get("table:number-rows-spanned", 1)) > 1:
                last = self._line + int(cell["table:number-rows-spanned"]) - 1
                self._spanning[self._column] = (last, text, problem)
        self._column += repeated

    def _end_row(self) -> None:
        if self._cells:
            check_place(self._line, 0)
            # As in every spreadsheet, a merged cell is seen beside all rows that it spans.
            for column, (last, text, problem) in list(self._spanning.items()):
                if self._line > last:
                    del self._spanning[column]
                elif column >= len(self._cells) or not self._cells[column]:
                    self._cells.extend([""] * (column + 1 - len(self._cells)))
                    self._cells[column] = text
                    if problem:
                        self._broken[column] = problem
            check_length(self._line, self._cells)
            count = self._repeated if self._repeated <= _REPEATED_ROWS else 1
            self._rows.append((SheetRow(self._line, self._cells, self._broken or None), count))
        self._line = min(self._line + self._repeated, ROW_LIMIT + 1)


def _read(cell: Attributes, text: str) -> tuple[str, str | None]:
    """Return the text of a cell and what is wrong with it."""
    kind = cell.get("office:value-type", "")
    formula = cell.get("table:formula")
    if formula is not None and not kind and not text:
        return f"={formula.partition('=')[2]}", FORMULA
    if kind in ("float", "percentage", "currency") and "office:value" in cell:
        return _number(kind, cell["office:value"], text)
    if kind == "date":
        text = cell.get("office:date-value", text).replace("T", " ").removesuffix(" 00:00:00")
    elif kind == "boolean":
        text = "TRUE" if cell.get("office:boolean-value") == "true" else "FALSE"
    return text, broken_text(text)


def _number(kind: str, stored: str, text: str) -> tuple[str, str | None]:
    value = float(stored)
    if not abs(value) < EXACT:
        return text or stored, ROUNDED
    if text and (problem := broken_text(text)) and not _EXPONENT.search(text):
        return text, problem
    # A number whose column was too narrow is shown as 1.05E+12 or ###.
    hides = not text or _EXPONENT.search(text) or (kind == "float" and _WHOLE_WITH_SEPARATORS.fullmatch(text))
    return (general(value) if hides else text), None
