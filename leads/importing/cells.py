"""Texts in cells: those that say nothing, and those that a spreadsheet would change because they look like formulas."""

import re
from collections.abc import Iterable
from typing import Final

from conversations.visible_text import visible_text

# What people and programs write into a cell that has no value: "-", "n/a", "NULL".
_NOTHING: Final = re.compile(r"\s*(?:[-\u2013\u2014_]+|n/a|n\.a\.|\(?null\)?|none)\s*", re.IGNORECASE)
_LONGEST_NOTHING: Final = 8

# The characters that start a formula (owasp.org, CSV Injection). A phone number is one: +49 is read as 49.
# Some programs also run one after blanks and invisible characters, or with full-width signs (U+FF0B and others).
_START: Final = r"(?:[\t\r\n]|[\s\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20])"
_FORMULA: Final = re.compile(f"'*{_START}")
# What ends a cell in files with other separators than ours: semicolons and tabs; and lines, where quotes are not seen.
_CELL_ENDS: Final = re.compile(r"[;\t\r\n]")
_SEPARATOR: Final = re.compile(r'[,;\t|"\r\n]')
QUOTED_FORMULA: Final = re.compile(f"'{_START}")


class BadCell(ValueError):
    """The cell cannot be used; the message says why."""


def is_blank(cell: str) -> bool:
    """Whether the cell says nothing: no visible character, or a word for nothing."""
    return not visible_text(cell) or (len(cell) <= _LONGEST_NOTHING and _NOTHING.fullmatch(cell) is not None)


def quote_formula(text: str) -> str:
    """Return the text for a file that spreadsheets open: where it would run as a formula it gets an apostrophe.

    That is at its start, and after what begins a cell for programs with another separator: they do not see that the
    whole is quoted. Where there is an apostrophe already it gets another, so that unquote_formula restores every text.
    """
    for start in reversed(_starts(text)):
        if _FORMULA.match(text, start):
            text = f"{text[:start]}'{text[start:]}"
    return text


def csv_line(cells: Iterable[object]) -> str:
    """Return a line of a CSV file with commas, for spreadsheets.

    Semicolons and tabs are quoted as well: a program that separates cells by them would begin a new cell at each, and
    run what stands there as a formula. csv.writer quotes its own separator only.
    """
    texts = [str(cell) for cell in cells]
    if texts == [""]:
        return '""\r\n'
    quoted = (f'"{text.replace(chr(34), chr(34) * 2)}"' if _SEPARATOR.search(text) else text for text in texts)
    return ",".join(quoted) + "\r\n"


def unquote_formula(text: str) -> str:
    """Return the text without the apostrophes that quote_formula added."""
    if "'" not in text:
        return text
    # From the end: then what follows is as it was when quote_formula looked at it.
    for start in reversed(_starts(text)):
        if text.startswith("'", start) and _FORMULA.match(text, start + 1):
            text = text[:start] + text[start + 1 :]
    return text


def _starts(text: str) -> list[int]:
    return [0, *(found.end() for found in _CELL_ENDS.finditer(text))]
