"""Hides phone numbers in what is logged and in what is stored of failures; finds those of erased people in any text."""

import re
from collections.abc import Callable
from typing import Final

# Also Unicode's spaces and dashes, and the invisible marks that programs put around numbers.
_BETWEEN: Final = r" ()./\-\u00a0\u00ad\u2007-\u2015\u202a-\u202f\u2060\u2066-\u2069\u2212"
# Kept: UUIDs, addresses, dates with their times. In anything else seven digits and more may be a phone number, however
# they are grouped.
_NUMBER: Final = re.compile(
    r"(?P<kept>\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b"
    r"|\b[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+)?(?![0-9-]))"
    rf"|(?:%2B|\+|(?<![\w.:-])\(?)[0-9](?:(?:%20|[{_BETWEEN}]){{0,2}}[0-9]){{6,}}",
    re.IGNORECASE,
)


def mask_numbers(text: str, *, first: int = 0) -> str:
    """Mask what may be a phone number: its last two digits stay, and as many characters at its beginning as `first`."""
    return replace_numbers(text, lambda number: f"{number[:first]}…{number[-2:]}")


def replace_numbers(text: str, replacement: Callable[[str], str]) -> str:
    """Replace what may be a phone number, as it is written, by what `replacement` returns for it."""
    return _NUMBER.sub(lambda found: found["kept"] or replacement(found[0]), text)
