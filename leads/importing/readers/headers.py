"""Finds the header of a table: reports have titles, dates and blank lines above it."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from django.utils.translation import gettext_noop

from conversations.visible_text import visible_text
from leads.importing.columns.names import ALSO_VALUES, field_of, folded
from leads.importing.readers.rows import UnreadableFile

# How many rows that are not blank are searched, and how far down --header-row may be.
WINDOW: Final = 30
LAST_HEADER_ROW: Final = 1000
# Characters of all rows that are searched.
WINDOW_SIZE: Final = 4 * 2**20
# A row with a phone column and another known one is the header, without a look at the next rows.
CERTAIN: Final = 3
_PLAUSIBLE: Final = 2
_PHONE: Final = "customer_phone"
# Seven digits with nothing between them but the marks of a phone number: so a row of data, not of names.
_PHONE_LIKE: Final = re.compile(r"\s*(?:[a-z]+:)?\s*[+(]*[0-9](?:[\s()./-]*[0-9]){6,}.*", re.IGNORECASE | re.DOTALL)
_DATE: Final = re.compile(r"\s*(?:[0-9]{1,2}([/.-])[0-9]{1,2}\1[0-9]{2,4}|[0-9]{4}([/.-])[0-9]{1,2}\2[0-9]{1,2})\b")
_PLUS_NUMBER: Final = re.compile(r"\+[0-9](?:[\s()./-]*[0-9]){6,}")
_SHOWN_LINES: Final = 3
_SHOWN_LETTERS: Final = 60


def looks_like_phone(cell: str) -> bool:
    """Whether a cell may be a phone number, or contain one with a plus sign."""
    return bool(_PLUS_NUMBER.search(cell) or (_PHONE_LIKE.fullmatch(cell) and not _DATE.match(cell)))


def header_score(cells: Sequence[str], mapping: Mapping[str, str]) -> int:
    """Return how many different fields the cells name, one more where the phone is among them; 0 for a row of data.

    Words that may be values of a row, such as “Inquiry” and “WhatsApp”, alone are never certain to be a header.
    `mapping` are the columns that a person has named, with their fields.
    """
    if any(map(looks_like_phone, cells)):
        return 0
    named = {cell: mapping.get(cell.strip()) or field_of(cell) for cell in cells if cell}
    fields = set(named.values()) - {None}
    score = len(fields) + (_PHONE in fields)
    may_be_values = all(folded(cell) in ALSO_VALUES and cell.strip() not in mapping for cell in named if named[cell])
    return min(score, _PLAUSIBLE) if may_be_values else score


def find_header(rows: Sequence[Sequence[str]], mapping: Mapping[str, str]) -> int:
    """Return the index of the header in a table's first rows that are not blank.

    It is the first of the rows that name the most fields. Where none names a phone or two other fields, it is the first
    row, or the one below titles: rows of one cell above rows of several.
    """
    scores = [header_score(cells, mapping) for cells in rows]
    for index in range(1, len(rows)):
        # “Mobile” alone may be a kind of number in a row without one; a header has more cells than a title above it.
        if scores[index] == _PLAUSIBLE and filled(rows[index]) <= max(1, *map(filled, rows[:index])):
            scores[index] = 0 if filled(rows[index]) > 1 or max(map(filled, rows)) > 1 else _PLAUSIBLE
    best = max(scores, default=0)
    if best >= _PLAUSIBLE:
        return scores.index(best)
    return next((index for index, cells in enumerate(rows) if filled(cells) > 1), 0)


def filled(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if visible_text(cell))


def check_header_row(number: int | None) -> None:
    """Raises UnreadableFile for a number of --header-row that no header has."""
    if number is not None and not 1 <= number <= LAST_HEADER_ROW:
        raise UnreadableFile(
            gettext_noop("The header's line must be a number from 1 to %(last_header_row)s.")
            % {"last_header_row": LAST_HEADER_ROW}
        )


def note_of_lines(lines: Sequence[Sequence[str]], where: str) -> str:
    """Return a sentence on lines that are not read: their number, and the words of the first ones."""
    texts = [" ".join(filter(None, map(str.strip, cells))) for cells in lines[:_SHOWN_LINES]]
    shown = [text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}…" for text in texts]
    quoted = ", ".join([*(f"“{text}”" for text in shown), *("…" for _ in lines[_SHOWN_LINES : _SHOWN_LINES + 1])])
    values = {"lines": len(lines), "where": where, "quoted": quoted}
    if len(lines) == 1:
        return gettext_noop("%(lines)s line %(where)s was not read: %(quoted)s.") % values
    return gettext_noop("%(lines)s lines %(where)s were not read: %(quoted)s.") % values
