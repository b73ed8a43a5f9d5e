"""Table and Row, the result of every reader whatever the format, and the limits on lines and cells."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from django.utils.translation import gettext_noop

from conversations.visible_text import visible_text

# Characters. A row with a longer cell is refused; the longest field of a lead (details) has 10 000.
CELL_LIMIT: Final = 2**20
# Characters. A file with a longer line is refused as a whole: it is not a list of leads, and may never end.
LINE_LIMIT: Final = 16 * 2**20
# Characters. A quoted cell may have many lines; a quote that is still open after this many was opened by mistake.
OPEN_QUOTE_LIMIT: Final = 4 * 2**20

NUL_ERROR: Final = gettext_noop("has a NUL character, which cannot be stored.")
LONG_CELL_ERROR: Final = gettext_noop("has more than %(cell_limit)s characters.") % {"cell_limit": CELL_LIMIT}


class _Blank(str):
    """A blank cell that says something else than others: it is compared by identity."""

    __slots__ = ()


# A row that does not have the column at all: an object without the key.
ABSENT: Final = _Blank()
# In a sample, a cell that has lost its value (Row.broken).
LOST: Final = _Blank()


class UnreadableFile(Exception):
    """The file as a whole cannot be imported; the message says what to do about it.

    `sheets` are those of a workbook where another one could be chosen.
    """

    sheets: tuple[str, ...] = ()


class Row(NamedTuple):
    """One row of the file. A NamedTuple for speed: a file may have millions.

    `line` is where it begins, counted from 1: a line of CSV and JSONL, a row of the sheet in XLSX. `cells` are in the
    order of the header and at least as many, unless there is an `error`: a sentence that says why the row cannot be
    read. Then the cells are what could be read of it.

    `broken` says by column why a cell has no value (an error value, a formula without its result): it refuses the row
    only where the column is read for a field.
    """

    line: int
    cells: Sequence[str]
    error: str | None = None
    broken: Mapping[int, str] | None = None


@dataclass(slots=True)
class Table:
    """An open file of leads. Iterating over `rows` reads the file, and raises UnreadableFile where it cannot be read.

    `position()` is the fraction of the file that has been read, None where its size is unknown (a pipe). `notes` are
    sentences on what is not read of the file: lines above the header now, those at the end after the last row. Of a
    workbook, `sheet` is read, `sheets` are all that are visible, and `alike` those that might be meant as well as the
    one that is read. `header_line` is where the header is.
    """

    header: list[str]
    rows: Iterator[Row]
    format: str
    position: Callable[[], float | None]
    notes: list[str] = field(default_factory=list)
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    header_line: int = 1


def fit(line: int, cells: list[str], width: int) -> Row | None:
    """Return the row with as many cells as the header, or with an error where it has more; None for a blank row."""
    if len(cells) != width:
        surplus = cells[width:]
        if any(map(visible_text, surplus)):
            return Row(
                line,
                cells,
                gettext_noop("The row has %(cells)s cells, and the header has %(width)s.")
                % {"cells": len(cells), "width": width},
            )
        cells = cells[:width] + [""] * (width - len(cells))
    if not any(map(visible_text, cells)):
        return None
    return Row(line, cells)


def cell_error(header: Sequence[str], cells: Sequence[str]) -> str | None:
    """Return why one of the cells cannot be stored, or None."""
    for number, cell in enumerate(cells):
        if len(cell) > CELL_LIMIT:
            return f"{column_name(header, number)} {LONG_CELL_ERROR}"
        if "\0" in cell:
            return f"{column_name(header, number)} {NUL_ERROR}"
    return None


def storable(cell: str) -> str:
    """Return a cell with the characters that PostgreSQL cannot store in text (NUL, surrogates) made visible."""
    return cell.replace("\0", "\N{SYMBOL FOR NULL}").encode(errors="backslashreplace").decode()


def column_name(header: Sequence[str], number: int) -> str:
    """Return the name of a column for a message: from the header, or its number (from 1) where it has none."""
    name = header[number].strip() if number < len(header) else ""
    return f"“{name[:60]}”" if name else gettext_noop("Column %(number)s") % {"number": number + 1}
