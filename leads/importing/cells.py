"""Repairs cells that a spreadsheet changed: phone numbers stored as numbers, texts that look like formulas."""

import re
from functools import lru_cache
from typing import Final

import phonenumbers

from conversations.phone import E164_PATTERN, PhoneInvalid, normalise, phone_key, plain

# The characters that start a formula (owasp.org, CSV Injection). A phone number is one: +49 is read as 49.
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
QUOTED_FORMULA: Final = re.compile(r"'[=+\-@\t\r]")
_E164: Final = re.compile(E164_PATTERN)
# Lead forms of social networks write p:+49…, address books tel:+49…
_PREFIX: Final = re.compile(r"(?:p|tel|phone|whatsapp)\s*:\s*", re.IGNORECASE)
_SCIENTIFIC: Final = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?[eE][+-]?[0-9]+")
_WHOLE_DECIMAL: Final = re.compile(r"(\+?[0-9]{7,15})[.,]0+")
# Separators between numbers that never occur inside one. A slash does both, so its parts must be long enough.
_BETWEEN: Final = re.compile(r"[;,|&\n\r]| or | und | y | o ", re.IGNORECASE)
_INTERNATIONAL: Final = re.compile(r"[\s(\[]*(?:\+|00)")
_SEPARATORS: Final = re.compile(r"[\s()\[\]./-]")
_BRAZIL_WITHOUT_NINTH: Final = re.compile(r"\+(55[1-9][0-9])([6-9][0-9]{7})")
_NO_PLUS: Final = re.compile(r"[1-9][0-9]{9,14}")


class BadCell(ValueError):
    """The cell cannot be used; the message says why."""


class UnknownRegion(ValueError):
    """No country has this two-letter code."""


def read_region(code: str) -> str:
    """Return the ISO 3166 code of a country in capitals, as read_phone takes it. Raises UnknownRegion."""
    region = code.strip().upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise UnknownRegion(f"There is no region “{code}”. Give the country's two letters, for example DE or MX.")
    return region


@lru_cache(maxsize=1024)
def region_of(cell: str) -> str | None:
    """Return the region that a cell names by its calling code (49, +49) or ISO code; None where it names none."""
    digits = cell.strip().lstrip("+0")
    if digits.isascii() and digits.isdigit():
        return phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:4]), (None,))[0]
    code = cell.strip().upper()
    return code if code in phonenumbers.SUPPORTED_REGIONS else None


def read_phone(cell: str, *, country_code: str | None) -> str:
    """Return the phone number of a cell, in E.164 where that can be determined; the database validates the result.

    `country_code` is the region (read_region) of numbers without country code; it does not change numbers with + or
    00. Without it, a number that lost its plus sign gets it back if its digits are an assigned number of the country
    that they begin with; nothing else is guessed.

    Raises BadCell.
    """
    if _E164.fullmatch(cell):
        return cell
    text = plain(cell).strip().lstrip("'").strip()
    if prefix := _PREFIX.match(text):
        text = text[prefix.end() :]
    if not text:
        raise BadCell("The phone number is empty.")
    if _SCIENTIFIC.fullmatch(text):
        raise BadCell(
            "A spreadsheet has cut off digits of the number. Format the column as text, enter the number again and"
            " export the file again."
        )
    if whole := _WHOLE_DECIMAL.fullmatch(text):
        text = whole[1]
    # Before normalise, which removes a slash: here it may separate two numbers.
    if _several(text):
        raise BadCell("The cell has more than one phone number. Keep one.")
    try:
        return normalise(text)
    except PhoneInvalid:
        return _repaired(text, country_code)


def _repaired(text: str, region: str | None) -> str:
    if _INTERNATIONAL.match(text):
        return text
    if region:
        return _of_region(text, region)
    digits = _SEPARATORS.sub("", text)
    if _NO_PLUS.fullmatch(digits) and _is_assigned(phone := "+" + digits):
        return phone
    if digits.isascii() and digits.isdigit():
        raise BadCell(
            "The number has no country code. Write it with a plus sign and country code, or give --region with the"
            " country it is in (for example --region DE)."
        )
    return text


def _several(text: str) -> bool:
    parts = _BETWEEN.split(text)
    slashed = text.split("/")
    return (
        sum(any(map(str.isdigit, part)) for part in parts) > 1
        or sum(sum(map(str.isdigit, part)) >= 7 for part in slashed) > 1
        or re.search(r"[0-9]\D*\+", text) is not None
    )


def _of_region(text: str, region: str) -> str:
    """Return a number as dialled in the region, with its country code; the unchanged text where it is no number."""
    digits = _SEPARATORS.sub("", text)
    own_code = str(phonenumbers.country_code_for_region(region))
    # 49151… in a German file has lost its plus sign; the library would read it as a local number.
    if digits.startswith(own_code) and _NO_PLUS.fullmatch(digits) and _is_assigned("+" + digits):
        return "+" + digits
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return text
    # The database stores no extension, and the number without it would reach the switchboard.
    if number.extension:
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_assigned(phone: str) -> bool:
    """Whether this is an assigned number of the country it begins with: used only for guessing, never to refuse.

    2125551234 begins with Morocco's code but is a number in New York. The library calls one of the two forms of
    Mexican and Brazilian mobile numbers invalid, so both are tried.
    """
    forms = dict.fromkeys((phone, phone_key(phone), _BRAZIL_WITHOUT_NINTH.sub(r"+\g<1>9\2", phone)))
    try:
        return any(phonenumbers.is_valid_number(phonenumbers.parse(form)) for form in forms)
    except phonenumbers.NumberParseException:
        return False


def quote_formula(text: str) -> str:
    """Return the text for a file that spreadsheets open: a text that would run as a formula gets an apostrophe.

    So does one that already has an apostrophe there, so that unquote_formula restores every text exactly.
    """
    return "'" + text if _FORMULA.match(text) else text


def unquote_formula(text: str) -> str:
    """Return the text without the apostrophe that quote_formula added."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
