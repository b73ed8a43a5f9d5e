"""Reads a number without plus sign: as a number of a given country, or with the country code that it begins with.

Note [Strangers]. A message to a stranger is worse than a refused row. The digits 15123460001 are a German mobile number
whose leading zero a spreadsheet has removed, and also, with a plus sign, a number in Texas. So digits that can be read
in two ways are refused, unless a person has named the country, or the file has it next to the number. Without a
country, only digits are read that no country has as a local number: those of 12 or more, in practice.
"""

import re
from typing import Final

from django.utils.translation import gettext_noop

from conversations.phone import PHONE_RULE, PhoneInvalid, normalise
from leads.importing.cells import BadCell
from leads.importing.phones.plans import Kind, Local, is_assigned, is_local_anywhere, is_mobile, read_local
from leads.importing.phones.regions import calling_code, region_name
from leads.importing.phones.splitting import has_extension

_INTERNATIONAL: Final = re.compile(r"[\s(\[]*(?:\+|00)")
_SEPARATORS: Final = re.compile(r"[\s()\[\]./-]")
_DIGITS: Final = re.compile(r"[0-9]{5,18}")
# 49 (0)151 …, as in conversations/phone.py.
_TRUNK_ZERO: Final = re.compile(r"^([1-9][0-9]{0,2}[\s./-]*)[(\[]\s*0\s*[)\]]")


def is_international(number: str) -> bool:
    return _INTERNATIONAL.match(number) is not None


def bare_digits(number: str) -> str | None:
    """Return the digits of a number without plus sign; None for a text that is none."""
    digits = _SEPARATORS.sub("", _TRUNK_ZERO.sub(r"\1", number))
    return digits if _DIGITS.fullmatch(digits) and not is_international(number) else None


def read_international(number: str) -> str:
    """Return a number with plus sign or 00 in E.164. Raises BadCell."""
    if has_extension(number):
        raise BadCell(
            gettext_noop(
                "The number has an extension, which WhatsApp cannot dial. Enter a number of the customer's own,"
                " or this one"
                " without its extension."
            )
        )
    try:
        return normalise(number)
    except PhoneInvalid as error:
        raise BadCell(PHONE_RULE) from error


def is_full(digits: str) -> bool:
    """Whether the digits can only be a number with country code that has lost its plus sign."""
    return not digits.startswith("0") and is_assigned("+" + digits) and not is_local_anywhere(digits)


def read_in_region(number: str, region: str) -> str:
    """Return in E.164 a number without plus sign that is of the region, also where its leading zero or its plus sign
    is lost. See Note [Strangers]. Raises BadCell.
    """
    digits = bare_digits(number)
    if digits is None or has_extension(number):
        return read_international(number)
    local = read_local(digits, region)
    full = "+" + digits if digits[0] != "0" and is_assigned("+" + digits) else None
    if local is not None and full in (None, local.phone) and not _is_wrong_full(digits, local, region):
        return local.phone
    if full is None:
        raise BadCell(
            gettext_noop("The number is not a phone number in %(region_name)s. %(phone_rule)s")
            % {"region_name": region_name(region), "phone_rule": PHONE_RULE}
        )
    if local is not None and (chosen := _choice(local, full, region)):
        return chosen
    if (local is None and full.startswith("+" + calling_code(region))) or is_full(digits):
        return full
    raise BadCell(
        gettext_noop("The number could be %(value)s or %(full)s. Write it with a plus sign and country code.")
        % {"value": local.phone if local else gettext_noop("one of another country"), "full": full}
    )


def _is_wrong_full(digits: str, local: Local, region: str) -> bool:
    """Whether the digits are rather a number of the region with its country code and a typing error."""
    is_long = local.kind < Kind.LANDLINE and local.phone != "+" + digits
    return is_long and digits.startswith(calling_code(region))


def _choice(local: Local, full: str, region: str) -> str | None:
    """The likely one of a number's two readings, or None."""
    if full.startswith("+" + calling_code(region)):
        if is_mobile(full) == (local.kind is Kind.MOBILE):
            return None
        return local.phone if local.kind is Kind.MOBILE else full
    if local.kind is Kind.MOBILE or (local.kind is Kind.LANDLINE and not is_mobile(full)):
        return local.phone
    return None
