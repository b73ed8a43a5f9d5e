"""Finds the phone numbers that are written in one cell. No numbering plans: which of them can be used is reading.py."""

import re
import unicodedata
from typing import Final

from django.utils.translation import gettext_noop

from conversations.phone import plain
from leads.importing.cells import BadCell

# Lead forms of social networks write p:+49…, address books tel:+49… or Mobile: +49…
_LABEL: Final = re.compile(
    r"(?:[^\W\d_][^\W\d_. -]{0,19}(?:[ -][^\W\d_]{1,20})?\.?\s*:|tel\.?|telefon|phone|mobile|mobil|whatsapp|handy|cell)"
    r"\s*(?=[+(\d]|$)|[^\W\d_]{1,20}\s+(?=\+)",
    re.IGNORECASE,
)
# +49 151 23456789 (mobile)
_LABEL_AFTER: Final = re.compile(r"(?<=\d)[\s(\[]+[^\W\d_][^\d]*$")
# ="0151…", by which exports keep Excel from reading a number.
_TEXT_FORMULA: Final = re.compile(r'="([^"]*)"')
# Numbers with country code and without plus sign by definition: chat ids and links of WhatsApp.
_CHAT_ID: Final = re.compile(r"([1-9][0-9]{6,14})@(?:c\.us|s\.whatsapp\.net)", re.IGNORECASE)
_CHAT_LINK: Final = re.compile(
    r"(?:https?://)?(?:wa\.me/|(?:api|web)\.whatsapp\.com/send/?\?phone=|whatsapp://send/?\?phone=)"
    r"(?:\+|%2B)?([1-9][0-9]{6,14})(?:[/?&#].*)?",
    re.IGNORECASE,
)
_SCIENTIFIC: Final = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?[eE][+-]?[0-9]+")
_WHOLE_DECIMAL: Final = re.compile(r"(\+?[0-9]{7,15})[.,]0+")
_THOUSANDS: Final = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3}){2,4}")
# "x12", "ext. 12", "#12", "Durchwahl 12" after a number. A lone comma or # means the same in tel: addresses.
_EXTENSION: Final = re.compile(
    r"(?<=[\d)])\s*[,;]?\s*(?:;?ext=|x|ext(?:ension|n)?\.?|durchwahl|dw\.?|anexo|ramal|int(?:erno)?\.?|poste|#)"
    r"\s*:?\s*[0-9]{1,7}(?![0-9])",
    re.IGNORECASE,
)
_BETWEEN: Final = re.compile(r":::|[;,|&\n\r]|\s(?:or|and|oder|und|y|o|e|ou|et|of|en|veya|ve)\s", re.IGNORECASE)
# Between the numbers of one person, as Google contacts and vCards have them; never inside a number.
_BETWEEN_NUMBERS: Final = re.compile(r":::|[|\n\r]")
_BEFORE_PLUS: Final = re.compile(r"(?<=\d)[^\d+]*(?=\+)")
_ENDING: Final = re.compile(r"([^/]+)/\s*[0-9]{1,2}")
# Fewer digits are no whole number, except a label or an ending: +49 30 123456/57.
_WHOLE: Final = 7
_BEFORE_ENDING: Final = 9


def numbers_in(cell: str) -> list[str]:
    """Return the texts of a cell that may be phone numbers, at least one, in ASCII where possible; in order.

    Labels, apostrophes and a spreadsheet's decimals are removed. Raises BadCell where there is no number to be read.
    """
    text = "".join(map(_ascii_digit, plain(cell))).strip().lstrip("'").strip()
    if formula := _TEXT_FORMULA.fullmatch(text):
        text = formula[1]
    if chat := _CHAT_ID.fullmatch(text) or _CHAT_LINK.fullmatch(text):
        return ["+" + chat[1]]
    text = _without_label(text)
    if not text:
        raise BadCell(gettext_noop("The phone number is empty."))
    if _SCIENTIFIC.fullmatch(text):
        raise BadCell(
            gettext_noop(
                "A spreadsheet has cut off digits of the number. Format the column as text, enter the number again and"
                " export the file again."
            )
        )
    if whole := _WHOLE_DECIMAL.fullmatch(text):
        return [whole[1]]
    if _THOUSANDS.fullmatch(text):
        return [text.replace(",", "")]
    text = _EXTENSION.sub(_marked, text)
    parts = _BETWEEN_NUMBERS.split(text)
    numbers = [part for part in parts if _digits(part) >= _WHOLE]
    # A short one with a word may belong to the other: "030 1234567 | extension 12".
    if any(map(str.isalpha, "".join(part for part in parts if part not in numbers))):
        numbers = []
    return [number for part in numbers or [text] for number in _numbers_of(part)]


def _numbers_of(text: str) -> list[str]:
    numbers = [number for part in _parts(text) for number in _unslashed(part)]
    while len(numbers) > 1 and _digits(numbers[0]) < _WHOLE and numbers[1].startswith(("+", "00")):
        del numbers[0]
    if len(numbers) > 1 and all(_digits(number) >= _WHOLE for number in numbers):
        return numbers
    # One number with a comma in it, say: no part of it may be taken for a number.
    return numbers if len(numbers) == 1 else [text]


def has_extension(number: str) -> bool:
    return _EXTENSION.search(number) is not None


def _marked(extension: re.Match[str]) -> str:
    """The extension as x12, which stays with its number where the cell is split at commas."""
    return " x" + "".join(filter(str.isdigit, extension[0]))


def _parts(text: str) -> list[str]:
    """The text split at separators that are never inside a number; only parts with digits."""
    parts = [part for between in _BETWEEN.split(text) for part in _BEFORE_PLUS.split(between)]
    return [_without_label(part.strip()) for part in parts if _digits(part)] or [text]


def _unslashed(part: str) -> list[str]:
    """Two numbers that a slash separates. It is also written inside one: +49 151/23440001, +49/151/23440001."""
    numbers = [number.strip() for number in part.split("/")]
    lengths = [_digits(number) for number in numbers]
    if len(numbers) == 1 or not lengths[-1]:
        return [part]
    if all(length >= _WHOLE for length in lengths) and lengths[0] >= _BEFORE_ENDING:
        return list(map(_without_label, numbers))
    return [part]


def without_ending(number: str) -> str | None:
    """Return the number before the last digits of a second one, as on letterheads (+49 30 123456/57); None where it has
    no such ending. The slash may also stand inside a number: the caller tries both.
    """
    ending = _ENDING.fullmatch(number)
    return ending[1] if ending and _digits(ending[1]) >= _BEFORE_ENDING else None


def _without_label(text: str) -> str:
    label = _LABEL.match(text)
    return _LABEL_AFTER.sub("", text[label.end() :] if label else text).strip()


def _ascii_digit(letter: str) -> str:
    """The letter, or the digit that it is in Arabic, Hindi and others."""
    return letter if letter.isascii() or not letter.isdecimal() else str(unicodedata.decimal(letter))


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))
