"""Phone numbers are hidden in what is logged, and in what is stored of failures."""

import re
from typing import Final

# Kept: UUIDs, addresses, dates with their times. In anything else seven digits and more may be a phone number, however
# they are grouped.
_NUMBER: Final = re.compile(
    r"(?P<kept>\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b"
    r"|\b[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+)?(?![0-9-]))"
    r"|(?:%2B|\+|(?<![\w.:-])\(?)[0-9](?:(?:%20|[ ()./-]){0,2}[0-9]){6,}",
    re.IGNORECASE,
)


def mask_numbers(text: str, *, first: int = 0) -> str:
    """Mask what may be a phone number: its last two digits stay, and as many characters at its beginning as `first`."""
    return _NUMBER.sub(lambda found: found["kept"] or f"{found[0][:first]}…{found[0][-2:]}", text)
