"""Phone numbers: normalisation to E.164, the phone key for comparison, and masking for logs. No database.

The SQL functions normalise_phone and phone_key follow the same rules; both are tested with
tests/conversations/phone_cases.py.
"""

import re
from typing import Final

# Space, tab, no-break spaces; ( ) [ ]; hyphen-minus and the Unicode dashes.
_IGNORED: Final = dict.fromkeys(map(ord, " \t\u00a0\u2007\u202f()[]-\u2010\u2011\u2012\u2013\u2014\u2212"))
# [0-9] and not \d: \d also matches Arabic and other digits.
E164_PATTERN: Final = r"\+[1-9][0-9]{6,14}"
_E164: Final = re.compile(E164_PATTERN)
PHONE_FORM: Final = "a plus sign (or 00), country code and number, 7 to 15 digits"
PHONE_RULE: Final = f"Write the phone number in international form: {PHONE_FORM}, for example +49 151 23456789."
_TWO_FORMS: Final = re.compile(r"\+(?:(52)1([0-9]{10})|(54)9([0-9]{10})|(55[1-9][0-9])9([6-9][0-9]{7}))")


class PhoneInvalid(ValueError):
    """The text is not a phone number in international form."""


def normalise(raw: str) -> str:
    """Return a phone number as E.164: a plus sign and 7 to 15 digits, the first not 0 (ITU-T E.164, section 6).

    Spaces, dashes and brackets are removed; a leading 00 becomes the plus sign. It does not check whether the number is
    assigned: libraries that do so refuse live Mexican and Brazilian numbers.

    Raises PhoneInvalid.
    """
    if _E164.fullmatch(raw):  # as most come; translate() takes six times as long
        return raw
    phone = raw.translate(_IGNORED)
    if phone.startswith("00"):
        phone = "+" + phone[2:]
    if not _E164.fullmatch(phone):
        raise PhoneInvalid(PHONE_RULE)
    return phone


def phone_key(phone: str) -> str:
    """Return the key that identifies a customer, the same for all forms in which WhatsApp writes an E.164 number.

    WhatsApp writes Mexican numbers with and without a 1 after +52, Argentine ones with and without a 9 after +54,
    Brazilian mobile numbers with and without their ninth digit. A Brazilian landline (eight digits, the first 2 to 5)
    keeps its form: with a 9 in front it would be another subscriber's number.
    """
    match = _TWO_FORMS.fullmatch(phone) if phone.startswith("+5") else None
    return "+" + "".join(part for part in match.groups() if part) if match else phone


def mask_phone(phone: str | None) -> str:
    """Return a phone number for logs: its first three and last two characters with an ellipsis between."""
    if not phone or len(phone) < 8:
        return "…"
    return f"{phone[:3]}…{phone[-2:]}"
