"""Phone numbers as staff type them: in international form, or local to the country of their business.

Programs write the international form: conversations/phone.py. A file may have numbers of several countries and has lost
signs, and is read with more care: leads/importing/phones/.
"""

import phonenumbers
from django.utils.translation import gettext_noop

from conversations.phone import PHONE_RULE, PhoneInvalid, normalise, plain


def read_typed(raw: str, *, country: str) -> str:
    """Return a number as E.164. `country`: the two letters of the business's country; "": local numbers are refused.

    A number that begins with a plus sign or 00 is read by `normalise`, whatever the country; other digits are a local
    number of the country, also without its leading zero, or one that only lacks its plus sign. Where they are both, the
    mobile number is meant, and of two such neither. Raises PhoneInvalid.
    """
    try:
        return normalise(raw)
    except PhoneInvalid:
        digits = plain(raw).strip()
        if not country or digits.lstrip("([ ").startswith(("+", "00")):
            raise
    # The parser also reads letters as keys of a telephone.
    local = None if any(sign.isalpha() for sign in digits) else _read(digits, country)
    code = str(phonenumbers.country_code_for_region(country))
    full = _read(f"+{digits}", None) if digits.startswith(code) and local != f"+{_only_digits(digits)}" else None
    if local and full and _is_mobile(local) == _is_mobile(full):
        raise PhoneInvalid(
            gettext_noop("This could be %(local)s or %(full)s. Write it with a plus sign and country code.")
            % {"local": local, "full": full}
        )
    chosen = full if full and (not local or _is_mobile(full)) else local
    if chosen is None:
        raise PhoneInvalid(
            gettext_noop("This is no phone number of %(country)s, the country of your business. %(phone_rule)s")
            % {"country": country, "phone_rule": PHONE_RULE}
        )
    return normalise(chosen)


def _read(number: str, country: str | None) -> str | None:
    """Return a valid number in E.164; None for what is none, or has an extension, which WhatsApp cannot dial."""
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    if parsed.extension or not phonenumbers.is_valid_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def _only_digits(number: str) -> str:
    return "".join(sign for sign in number if sign.isdigit())


def _is_mobile(phone: str) -> bool:
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return phonenumbers.number_type(phonenumbers.parse(phone)) in kinds
