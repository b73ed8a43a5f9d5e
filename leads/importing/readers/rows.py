"""What a file becomes, whatever its format: a header and a stream of rows of texts. And the bounds on both."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

# A cell over this is refused with its row: no field of a lead comes near it (details: 10 000 characters).
CELL_LIMIT: Final = 2**20
# A line over this is no line of leads, and a file that has one may never end: it is refused as a whole.
LINE_LIMIT: Final = 16 * 2**20
# A quoted cell may run over many lines. One that runs on for this long was opened by mistake.
OPEN_QUOTE_LIMIT: Final = 4 * 2**20

NUL_FAULT: Final = "holds a NUL character, which cannot be stored."
LONG_FAULT: Final = f"has more than {CELL_LIMIT} characters."


class Unreadable(Exception):
    """The file as a whole cannot be imported; the message says what to do about it."""


class Row(NamedTuple):
    """One row of the file. A NamedTuple, as a million of them are made.

    `line` is where it begins, counted from 1: a line of CSV and JSONL, a row of the sheet in XLSX. `cells` are in the
    order of the header and at least as many, unless there is a `fault`: a sentence that says why the row cannot be
    read. Then the cells are what could be saved of it.
    """

    line: int
    cells: Sequence[str]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """An open file of leads. Iterating over `rows` reads on, and raises Unreadable where reading cannot go on.

    `position()` is the fraction of the file that has been read, None where its size is unknown (a pipe).
    """

    header: list[str]
    rows: Iterator[Row]
    format: str
    position: Callable[[], float | None]


def fit(line: int, cells: list[str], width: int) -> Row | None:
    """Return the row with as many cells as the header has, or with a fault where it has more; None for a blank one."""
    if len(cells) != width:
        surplus = cells[width:]
        if any(map(str.strip, surplus)):
            return Row(line, cells, f"The row has {len(cells)} cells, and the header has {width}.")
        cells = cells[:width] + [""] * (width - len(cells))
    if not any(map(str.strip, cells)):
        return None
    return Row(line, cells)


def cell_fault(header: Sequence[str], cells: Sequence[str]) -> str | None:
    """Return what makes a cell unfit to be stored, or None."""
    for number, cell in enumerate(cells):
        if len(cell) > CELL_LIMIT:
            return f"{column_name(header, number)} {LONG_FAULT}"
        if "\0" in cell:
            return f"{column_name(header, number)} {NUL_FAULT}"
    return None


def storable(cell: str) -> str:
    """Return the cell of a row that cannot be read, with what PostgreSQL cannot hold as text made visible."""
    return cell.replace("\0", "\N{SYMBOL FOR NULL}").encode(errors="backslashreplace").decode()


def column_name(header: Sequence[str], number: int) -> str:
    """Return the name of a column for a sentence: from the header, or its number from 1 where it has none."""
    name = header[number].strip() if number < len(header) else ""
    return f"“{name[:60]}”" if name else f"Column {number + 1}"
