"""A sheet of a workbook and its rows, the same for each kind of workbook."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from django.utils.translation import gettext_noop

from leads.importing.readers.rows import CELL_LIMIT, LINE_LIMIT, UnreadableFile

# "Excel specifications and limits" (support.microsoft.com).
ROW_LIMIT: Final = 1_048_576
COLUMN_LIMIT: Final = 16_384
# Every number in a workbook is a double, of which Excel keeps 15 digits.
EXACT: Final = 10**15

FORMULA: Final = gettext_noop(
    "has a formula whose result is not in the file. Open the file in Excel or LibreOffice, save it, and import it"
    " again."
)
ROUNDED: Final = gettext_noop(
    "has a number of more than 15 digits, of which a spreadsheet keeps only the first 15. Format the column as text,"
    " enter or export the numbers again, and import that file."
)


class SheetRow(NamedTuple):
    """`broken` says by column why a cell has no value: the end of a sentence. A blank row has no cells."""

    line: int
    cells: list[str]
    broken: dict[int, str] | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows(progress)` reads the sheet from its start, and calls `progress` with the share that has been read.

    With None it is for a look at the first rows.
    """

    name: str
    visible: bool
    rows: Callable[[Callable[[float], None] | None], Iterator[SheetRow]]


class TextOfCell:
    """Collects the text of a cell, up to a little more than the longest that is stored."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0

    def add(self, text: str) -> None:
        self._size += len(text)
        if self._size <= 2 * CELL_LIMIT:
            self._parts.append(text)

    def take(self) -> str:
        text = "".join(self._parts)
        if self._size > 2 * CELL_LIMIT and len(text) <= CELL_LIMIT:
            text = text.ljust(CELL_LIMIT + 1)
        self._parts, self._size = [], 0
        return text


def check_place(line: int, column: int) -> None:
    """Raises UnreadableFile for a cell beyond the last one that a workbook can have."""
    if line > ROW_LIMIT or column >= COLUMN_LIMIT:
        raise UnreadableFile(
            gettext_noop(
                "The sheet has more than %(row_limit)s rows or %(column_limit)s columns, more than a workbook can have."
            )
            % {"row_limit": ROW_LIMIT, "column_limit": COLUMN_LIMIT}
        )


def check_length(line: int, cells: list[str]) -> None:
    """Raises UnreadableFile for a row that is as long as a text file with such a line is refused for.

    The same long text may be in each of its cells, at no cost for the file.
    """
    if sum(map(len, cells)) > LINE_LIMIT:
        raise UnreadableFile(
            gettext_noop(
                "Row %(line)s of the sheet has more than %(line_limit)s characters: this is not a list of "
                "leads. Check that this is the right file, and export it again."
            )
            % {"line": line, "line_limit": LINE_LIMIT}
        )


def cell_name(line: int, column: int) -> str:
    """Return the name of a cell as a spreadsheet shows it: column 27 of line 3 is AB3."""
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{line}"
