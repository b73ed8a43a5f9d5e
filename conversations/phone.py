"""Phone numbers: normalisation to E.164, the phone key for comparison, and masking for logs. No database.

The SQL functions normalise_phone and phone_key follow the same rules; both are tested with
tests/conversations/phone_cases.py.
"""

import re
from typing import Final

from django.utils.translation import gettext_noop

# What programs put around numbers and nobody sees: soft hyphen, direction marks and isolates, zero-width characters.
_INVISIBLE: Final = (
    "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
# No-break, en, em, figure, thin, ideographic and other spaces of Unicode's class Zs.
_SPACES: Final = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d"
_FULL_WIDTH: Final = str.maketrans(
    "\uff0b\uff08\uff09\uff0e\uff0f" + "".join(map(chr, range(0xFF10, 0xFF1A))), "+()./0123456789"
)
_PLAIN: Final = {
    **_FULL_WIDTH,
    **dict.fromkeys(map(ord, _INVISIBLE)),
    **dict.fromkeys(map(ord, _SPACES), " "),
    **dict.fromkeys(map(ord, _DASHES), "-"),
}
_SEPARATORS: Final = str.maketrans("[]", "()", " \t-./")
_BRACKETS: Final = dict.fromkeys(map(ord, "()"))
# +49 (0)151 …: the zero is dialled instead of the country code, not after it.
_TRUNK_ZERO: Final = re.compile(r"^(\(*(?:\+|00)\(*[1-9][0-9]{0,2}\)*)\(0\)")
# [0-9] and not \d: \d also matches Arabic and other digits.
E164_PATTERN: Final = r"\+[1-9][0-9]{6,14}"
_E164: Final = re.compile(E164_PATTERN)
PHONE_FORM: Final = gettext_noop("a plus sign (or 00), country code and number, 7 to 15 digits")
PHONE_RULE: Final = gettext_noop(
    "Write the phone number in international form: %(phone_form)s, for example +49 151 23456789."
) % {"phone_form": PHONE_FORM}
# Countries whose numbers WhatsApp writes in two forms: phone_key.
_FOLDED_CODES: Final = ("+5", "+22")
_TWO_FORMS: Final = re.compile(r"\+(?:(52)1([0-9]{10})|(54)9([0-9]{10})|(55[1-9][0-9])9([6-9][0-9]{7}))")
_EIGHT_DIGITS: Final = re.compile(r"\+22[59][0-9]{8}")


class PhoneInvalid(ValueError):
    """The text is not a phone number in international form."""


def plain(raw: str) -> str:
    """Return a text about phone numbers in ASCII where possible.

    Invisible marks are removed; Unicode's spaces and dashes, full-width digits and signs are replaced.
    """
    return raw.translate(_PLAIN)


def normalise(raw: str) -> str:
    """Return a phone number as E.164: a plus sign and 7 to 15 digits, the first not 0 (ITU-T E.164, section 6).

    Spaces, dashes, dots, slashes, brackets, invisible marks and a (0) after the country code are removed; a leading 00
    becomes the plus sign. It does not check whether the number is assigned: libraries that do so refuse live Mexican
    and Brazilian numbers.

    Raises PhoneInvalid.
    """
    if _E164.fullmatch(raw):  # as most come; translate() takes six times as long
        return raw
    phone = _TRUNK_ZERO.sub(r"\1", plain(raw).translate(_SEPARATORS)).translate(_BRACKETS)
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

    Ivory Coast (January 2021) and Benin (November 2024) put two digits before the eight that numbers had: both forms
    are in address books, and WhatsApp accounts keep the number they were registered with.
    """
    if not phone.startswith(_FOLDED_CODES):
        return phone
    if match := _TWO_FORMS.fullmatch(phone):
        return "+" + "".join(part for part in match.groups() if part)
    if _EIGHT_DIGITS.fullmatch(phone):
        return phone[:4] + _added_prefix(phone) + phone[4:]
    return phone


def key_of(phone: str | None) -> str | None:
    """Return the phone key of a customer's number, if there is one."""
    return phone_key(phone) if phone else None


def _added_prefix(phone: str) -> str:
    """Return the digits that the eight of a number of Ivory Coast or Benin have got in front; "" where none.

    Benin: 01 for all. Ivory Coast (ARTCI, plan national de numérotation à dix chiffres): 2 for landlines, which began
    with 2 or 3, and 0 for mobiles; then 1, 5 or 7 for Moov, MTN or Orange, whose landlines had an 8, a 0 or another
    third digit, whose mobiles a second digit 0 to 3, 4 to 6 or 7 to 9.
    """
    if phone.startswith("+229"):
        return "01"
    first, second, third = phone[4], phone[5], phone[6]
    if first in "23":
        return "25" if third == "0" else "21" if first == "2" and third == "8" else "27"
    if first == "1":
        return ""  # special services
    return "01" if second in "0123" else "05" if second in "456" else "07"


def mask_phone(phone: str | None) -> str:
    """Return a phone number for logs: its first three and last two characters with an ellipsis between."""
    if not phone or len(phone) < 8:
        return "…"
    return f"{phone[:3]}…{phone[-2:]}"
