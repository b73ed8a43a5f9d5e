"""The header Range: which part of a file a player asks for (RFC 9110, section 14.1.2)."""

import re
from typing import Final

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class RangeInvalid(Exception):
    """The file has no such part."""


def read_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and the last byte; None for the whole file, also where several parts are asked for, or where the
    header is none that is known. Raises RangeInvalid.
    """
    found = _RANGE.fullmatch(header.replace(" ", "").lower())
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:
        length = int(last)
        if not length or not size:
            raise RangeInvalid
        return max(0, size - length), size - 1
    begin, end = int(first), min(int(last), size - 1) if last else size - 1
    if begin >= size:
        raise RangeInvalid
    return (begin, end) if begin <= end else None
