"""Cells whose text is not what a person entered: error values, rounded numbers, invisible characters."""

import re
import string
from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext_noop

from leads.importing.readers.rows import column_name

# What spreadsheets write into a cell for a formula that failed.
_ERROR_VALUE: Final = re.compile(
    r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|BUSY!|UNKNOWN!|GETTING_DATA)"
    r"|Err:[0-9]{3}"
)
_SCIENTIFIC: Final = re.compile(r"[+-]?[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+")
_LOST_DIGITS: Final = gettext_noop(
    "has a number of which a spreadsheet has cut off digits. Format the column as text, enter the numbers again and"
    " export the file again."
)
# No text needs these: a byte order mark in the middle, zero-width spaces, soft hyphens.
_NOWHERE: Final = str.maketrans("", "", "\u00ad\u200b\u2060\ufeff")
# Direction marks and joiners, which programs put around values; inside a name they belong to it.
_MARKS: Final = "\u001a\u061c\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_ALL: Final = f"{_MARKS}\u00ad\u200b\u2060\ufeff"
_INVISIBLE: Final = re.compile(f"[{_ALL}]")
_AROUND: Final = _MARKS + string.whitespace + "\u00a0"


def may_be_broken(text: str) -> bool:
    """Whether a block of text may have cells for broken_cells or clean_cell; quick, for each block of a file."""
    return (
        "E+" in text
        or "e+" in text
        or "\x1a" in text
        or ("#" in text and _ERROR_VALUE.search(text) is not None)
        or "Err:" in text
        or not (text.isascii() or not any(mark in text for mark in _ALL))
    )


def clean_cell(cell: str) -> str:
    """Return the cell without invisible characters that are no part of its text."""
    if (cell.isascii() and "\x1a" not in cell) or not _INVISIBLE.search(cell):
        return cell
    cell = cell.translate(_NOWHERE)
    return cell.strip(_AROUND)


def broken_cells(header: Sequence[str], cells: Sequence[str]) -> dict[int, str] | None:
    """Return why cells of text have no value; None where all have."""
    found = {}
    for number, cell in enumerate(cells):
        if ("#" in cell or "+" in cell or ":" in cell) and (problem := broken_text(cell)):
            found[number] = f"{column_name(header, number)} {problem}"
    return found or None


def broken_text(cell: str) -> str | None:
    """Return what is wrong with an error value or a number such as 1.05407E+15: the end of a sentence."""
    text = cell.strip()
    if _ERROR_VALUE.fullmatch(text):
        return error_value(text)
    return _LOST_DIGITS if _SCIENTIFIC.fullmatch(text) else None


def error_value(text: str) -> str:
    return gettext_noop("has the error value %(text)s. Correct it in the spreadsheet, or empty the cell.") % {
        "text": text[:20]
    }
