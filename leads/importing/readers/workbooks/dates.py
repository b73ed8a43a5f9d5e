"""Dates and times of a spreadsheet, which are numbers of days, in the form of ISO 8601."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext_noop

# What is no part of a date: quoted and escaped text, paddings, colours, countries; [h] is hours beyond 24.
_LITERAL: Final = re.compile(r'"[^"]*"|\\.|[_*].|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_FIRST: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a workbook has no time zones
_FIRST_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001 - the same
# The 29 February 1900, which never was, is day 60.
_LEAP: Final = 60
_LAST: Final = 2_958_466
_DAY: Final = 86_400


def date_format(code: str, *, since_1904: bool) -> Callable[[float], str] | None:
    """Return the function that shows numbers in this format, None for a format that is not of dates or times."""
    letters = _LITERAL.sub("", code.partition(";")[0]).lower().replace("general", "")
    if not re.search(r"[dmyhs]", letters) or re.search(r"[0#?]", letters.replace("s.0", "s").replace(".00", "")):
        return None
    elapsed = "[" in letters
    has_time = elapsed or "h" in letters or "s" in letters
    has_date = not elapsed and ("d" in letters or "y" in letters or not has_time)
    seconds = "s" in letters

    def show(value: float) -> str:
        if not 0 <= value < _LAST:
            raise ValueError(gettext_noop("is a date before 1900 or after 9999"))
        whole, left = divmod(round(value * _DAY), _DAY)
        clock = _clock(left, hours=24 * whole if elapsed else 0, seconds=seconds)
        if not has_date or (whole == 0 and has_time and not since_1904):
            return clock
        first = _FIRST_1904 if since_1904 else _FIRST
        day = first + timedelta(days=whole + (0 < whole < _LEAP and not since_1904))
        return f"{day:%Y-%m-%d}" if left == 0 else f"{day:%Y-%m-%d} {clock}"

    return show


def _clock(left: int, *, hours: int, seconds: bool) -> str:
    text = f"{hours + left // 3600:02}:{left // 60 % 60:02}"
    return f"{text}:{left % 60:02}" if seconds or left % 60 else text
