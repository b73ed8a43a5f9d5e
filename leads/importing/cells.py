"""Texts in cells: those that say nothing, and those that a spreadsheet would change because they look like formulas."""

import re
from typing import Final

from conversations.visible_text import visible_text

# What people and programs write into a cell that has no value: "-", "n/a", "NULL".
_NOTHING: Final = re.compile(r"\s*(?:[-\u2013\u2014_]+|n/a|n\.a\.|\(?null\)?|none)\s*", re.IGNORECASE)
_LONGEST_NOTHING: Final = 8

# The characters that start a formula (owasp.org, CSV Injection). A phone number is one: +49 is read as 49.
# Some programs also run one after blanks, or with full-width signs (U+FF0B and others).
_START: Final = r"(?:[\t\r]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20])"
_FORMULA: Final = re.compile(f"'*{_START}")
QUOTED_FORMULA: Final = re.compile(f"'{_START}")


class BadCell(ValueError):
    """The cell cannot be used; the message says why."""


def is_blank(cell: str) -> bool:
    """Whether the cell says nothing: no visible character, or a word for nothing."""
    return not visible_text(cell) or (len(cell) <= _LONGEST_NOTHING and _NOTHING.fullmatch(cell) is not None)


def quote_formula(text: str) -> str:
    """Return the text for a file that spreadsheets open: a text that would run as a formula gets an apostrophe.

    So does one that already has an apostrophe there, so that unquote_formula restores every text exactly.
    """
    return "'" + text if _FORMULA.match(text) else text


def unquote_formula(text: str) -> str:
    """Return the text without the apostrophe that quote_formula added."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
