"""Reads the cells of one sheet of an Excel workbook as a person sees them."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from django.utils.translation import gettext_noop

from leads.importing.readers.broken_cells import broken_text, error_value
from leads.importing.readers.rows import UnreadableFile
from leads.importing.readers.workbooks.number_formats import Show, general
from leads.importing.readers.workbooks.packages import Attributes, xml_parser
from leads.importing.readers.workbooks.shared_texts import SharedTexts
from leads.importing.readers.workbooks.sheets import (
    EXACT,
    FORMULA,
    ROUNDED,
    SheetRow,
    TextOfCell,
    check_length,
    check_place,
)

# Row and column of a merged range's first cell -> its last row.
Merges = dict[tuple[int, int], int]
_MERGE: Final = re.compile(rb'mergeCell\s[^>]*?ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"')
_MERGES: Final = 100_000
_OVERLAP: Final = 200
# ST_Xstring (ECMA-376 part 1, 22.9.2.19): the escape for characters that XML cannot contain, such as \r.
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_SURROGATES: Final = range(0xD800, 0xE000)
_ZERO: Final = ("", "0", "0.0")


def vertical_merges(blocks: Iterable[bytes]) -> Merges:
    """Return the merged ranges of several rows; a sheet lists them after its cells."""
    merges: Merges = {}
    before = b""
    for block in blocks:
        if b"mergeCell" in (text := before + block):
            for first, top, _, bottom in _MERGE.findall(text):
                if int(bottom) > int(top) and len(merges) < _MERGES:
                    merges[int(top), column_index(first.decode())] = int(bottom)
        before = text[-_OVERLAP:]
    return merges


def column_index(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


class SheetParser:
    """Takes the sheet's XML in blocks, and returns the rows that are complete."""

    def __init__(
        self, texts: SharedTexts, formats: Sequence[Show | None], *, recalculated: bool, merges: Merges
    ) -> None:
        """`recalculated`: the program that wrote the file has computed no formula, so 0 is not a result."""
        self._texts, self._formats, self._recalculated, self._merges = texts, formats, recalculated, merges
        self._parser = xml_parser(self._start, self._end)
        self._indexes: dict[str, int] = {}
        self._rows: list[SheetRow] = []
        self._prefix: str | None = None
        self._line = 0
        self._column = -1
        self._cells: list[str] = []
        self._broken: dict[int, str] = {}
        self._cell: Attributes = {}
        self._text = TextOfCell()
        self._value: str | None = None
        self._inline = ""
        self._formula: str | None = None
        self._phonetic = False
        # By column: the last row of a merged cell that was begun above, its text and what is wrong with it.
        self._spanning: dict[int, tuple[int, str, str | None]] = {}

    def feed(self, block: bytes, *, last: bool = False) -> list[SheetRow]:
        self._rows = []
        self._parser.Parse(block, last)
        return self._rows

    def _start(self, name: str, attributes: Attributes) -> None:
        if self._prefix is None:
            self._prefix = name[: name.find(":") + 1]
        if self._prefix:
            name = name.removeprefix(self._prefix)
        if name == "c":
            self._cell, self._value, self._inline, self._formula = attributes, None, "", None
        elif name in ("v", "f") or (name == "t" and not self._phonetic):
            self._parser.CharacterDataHandler = self._text.add
        elif name == "row":
            self._line = int(attributes.get("r") or self._line + 1)
            check_place(self._line, 0)
            self._column, self._cells, self._broken = -1, [], {}
        elif name == "rPh":
            self._phonetic = True

    def _end(self, name: str) -> None:
        if self._prefix:
            name = name.removeprefix(self._prefix)
        if name == "v":
            self._value = self._take()
        elif name == "c":
            self._end_cell()
        elif name == "t":
            self._inline += self._take()
        elif name == "f":
            self._formula = self._take()
        elif name == "row":
            if self._merges:
                self._fill_merged()
            check_length(self._line, self._cells)
            self._rows.append(SheetRow(self._line, self._cells, self._broken or None))
        elif name == "rPh":
            self._phonetic = False

    def _take(self) -> str:
        self._parser.CharacterDataHandler = None
        return self._text.take()

    def _end_cell(self) -> None:
        reference = self._cell.get("r")
        column = self._column + 1 if reference is None else self._index(reference)
        self._column = column
        kind = self._cell.get("t", "n")
        text, problem = self._read(kind)
        if not text:
            return
        self._put(column, text, problem)

    def _index(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        index = self._indexes.get(letters)
        if index is None:
            if not (letters.isascii() and letters.isalpha() and len(letters) <= 3):
                raise UnreadableFile(
                    gettext_noop("The sheet has a cell named %(reference)s, which no cell can be.")
                    % {"reference": reference[:20]}
                )
            index = self._indexes[letters] = column_index(letters)
            check_place(1, index)
        return index

    def _put(self, column: int, text: str, problem: str | None) -> None:
        cells = self._cells
        if column >= len(cells):
            cells.extend([""] * (column + 1 - len(cells)))
        cells[column] = text
        if problem:
            self._broken[column] = problem

    def _read(self, kind: str) -> tuple[str, str | None]:
        """Return the text of the cell and what is wrong with it."""
        value = self._value
        if self._formula is not None and self._is_uncomputed(kind, value):
            return f"={self._formula}", FORMULA
        if kind == "inlineStr":
            text = unescaped(self._inline)
        elif not value:
            return "", None
        elif kind == "n":
            return self._number(value)
        elif kind == "s":
            text = self._texts[int(value)]
        elif kind == "b":
            return ("TRUE" if value.strip() in ("1", "true") else "FALSE"), None
        elif kind == "d":
            text = value.replace("T", " ").removesuffix(" 00:00:00")
        elif kind == "e":
            return value, error_value(value)
        else:
            text = unescaped(value)
        return text, broken_text(text) if "#" in text or "+" in text or ":" in text else None

    def _is_uncomputed(self, kind: str, value: str | None) -> bool:
        if kind == "str":
            return False
        return not value or (self._recalculated and kind == "n" and value in _ZERO)

    def _number(self, stored: str) -> tuple[str, str | None]:
        style = int(self._cell.get("s", 0))
        show = self._formats[style] if style < len(self._formats) else None
        if show is None and len(stored) <= 15 and stored.isdecimal() and stored.isascii():
            return stored.lstrip("0") or "0", None
        value = float(stored)
        if not abs(value) < EXACT:
            return stored, ROUNDED
        if show is None:
            return general(value), None
        try:
            return show(value), None
        except ValueError as error:
            return stored, gettext_noop("%(error)s. Correct it in the spreadsheet.") % {"error": error}

    def _fill_merged(self) -> None:
        """Give a cell that was merged with those below it to their rows too; a row of nothing else stays blank."""
        cells = self._cells
        own = any(cells)
        for column, (last, text, problem) in list(self._spanning.items()):
            if self._line > last:
                del self._spanning[column]
            elif own and (column >= len(cells) or not cells[column]):
                self._put(column, text, problem)
        for column, text in enumerate(cells):
            if bottom := self._merges.get((self._line, column)):
                self._spanning[column] = (bottom, text, self._broken.get(column))


def unescaped(text: str) -> str:
    return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if code in _SURROGATES else chr(code)
