"""Phone numbers as people type them into a search."""

import re
from typing import Final

from conversations.identity import phone_key

_PHONE_LIKE: Final = re.compile(r"[+0-9()\[\]./\s\u00a0\u2010-\u2014\u2212-]+")
_MIN_DIGITS: Final = 4


def sought_numbers(term: str) -> set[str]:
    """The digits of what looks like a phone number or a piece of one, also as they stand in phone_key.

    A leading 0 or 00, and the (0) that some write after the country code, are no part of the stored number.
    """
    if not _PHONE_LIKE.fullmatch(term):
        return set()
    digits = re.sub(r"[^0-9]", "", term.replace("(0)", "")).lstrip("0")
    return {digits, phone_key(f"+{digits}")[1:]} if len(digits) >= _MIN_DIGITS else set()
