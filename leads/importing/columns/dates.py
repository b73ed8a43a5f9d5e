"""Reads the dates of a column. Whether 10/11 is in October or in November is decided for the whole column."""

import re
from calendar import month_abbr
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from django.utils import timezone as django_timezone
from django.utils.translation import gettext_noop

from leadsite.core import clock

DAY_FIRST: Final = "dmy"
MONTH_FIRST: Final = "mdy"
ORDERS: Final = (DAY_FIRST, MONTH_FIRST)
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
# A time without zone may be of a place that is up to 14 hours ahead of ours.
_AHEAD: Final = timedelta(hours=14)
_TIME: Final = (
    r"(?:(?:\s*,\s*|\s+|T)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[ap]\.?\s?m\.?)?)?\s*(?P<zone>Z|(?:UTC|GMT)?(?:[+-]\d{1,2}(?::?\d{2})?)?)"
)
_NUMBERS: Final = re.compile(
    r"(?P<a>\d{1,4})(?P<mark>[-./])\s?(?P<b>\d{1,2})(?P=mark)\s?(?P<c>\d{4}|\d{2})" + _TIME, re.I
)
_WORDS: Final = re.compile(
    r"(?:[a-z]{3,9},?\s+)?(?:(?P<a>\d{1,2})\.?\s+(?P<month>[a-z]{3,9})\.?|(?P<month2>[a-z]{3,9})\.?\s+(?P<a2>\d{1,2}))"
    r",?\s+(?P<c>\d{4})" + _TIME,
    re.I,
)
_SECONDS: Final = re.compile(r"1\d{9}(?:\d{3})?")
_MONTHS: Final = {name.casefold(): number for number, name in enumerate(month_abbr) if name}


class BadDate(ValueError):
    """The cell has no date that can be read; the message says why."""


class UnclearDates(ValueError):
    """Nothing in the column says whether the day or the month comes first, or it says both."""


class Dates:
    """Reads the cells of a column."""

    def __init__(self, sample: Iterable[str], order: str | None) -> None:
        """`sample` are the column's first cells; `order` is DAY_FIRST or MONTH_FIRST, None to judge by the sample.

        Raises UnclearDates.
        """
        self._order = order or _order_of(sample)
        self._now = clock.now()

    def read(self, cell: str) -> datetime:
        """Return the time of a cell; one without zone is of the site's time zone. Raises BadDate."""
        text = " ".join(cell.split())
        try:
            moment = self._parse(text)
        except (ValueError, OverflowError) as error:
            raise BadDate(
                gettext_noop("“%(text)s” is no date that can be read. Write it as 2026-10-31 or 2026-10-31 11:18.")
                % {"text": text[:60]}
            ) from error
        limit = self._now
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=django_timezone.get_default_timezone())
            limit += _AHEAD
        if moment > limit:
            raise BadDate(gettext_noop("“%(text)s” is in the future.") % {"text": text[:60]})
        if moment < _EARLIEST:
            raise BadDate(gettext_noop("“%(text)s” is before 1970.") % {"text": text[:60]})
        return min(moment, self._now)

    def _parse(self, text: str) -> datetime:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
        if _SECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text[:10]), tz=UTC)
        if found := _NUMBERS.fullmatch(text):
            return self._from_numbers(found)
        if found := _WORDS.fullmatch(text):
            month = _MONTHS.get((found["month"] or found["month2"])[:3].casefold())
            if month is not None:  # otherwise a word of another language
                return _moment(found, int(found["c"]), month, int(found["a"] or found["a2"]))
        raise ValueError

    def _from_numbers(self, found: re.Match[str]) -> datetime:
        a, b, c = int(found["a"]), int(found["b"]), int(found["c"])
        if len(found["a"]) == 4:
            return _moment(found, a, b, c)
        if len(found["a"]) == 3:
            raise ValueError
        year = c if len(found["c"]) == 4 else 2000 + c
        # With dots, the day is first wherever people write so.
        day_first = self._order == DAY_FIRST or (self._order is None and found["mark"] == ".")
        if self._order is None and not day_first:
            raise ValueError
        return _moment(found, year, b, a) if day_first else _moment(found, year, a, b)


def _moment(found: re.Match[str], year: int, month: int, day: int) -> datetime:
    hour = int(found["hour"] or 0)
    if half := found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    moment = datetime(year, month, day, hour, int(found["minute"] or 0), int(found["second"] or 0))  # noqa: DTZ001 - below
    zone = found["zone"].upper().removeprefix("UTC").removeprefix("GMT").replace(":", "")
    if not found["zone"]:
        return moment
    if zone in ("", "Z"):
        return moment.replace(tzinfo=UTC)
    hours, minutes = int(zone[1:3] if len(zone) != 2 else zone[1:]), int(zone[3:] or 0)
    offset = timedelta(hours=hours, minutes=minutes)
    return moment.replace(tzinfo=timezone(-offset if zone[0] == "-" else offset))


def _order_of(cells: Iterable[str]) -> str | None:
    """Return the order of day and month that the cells prove; None where they have none. Raises UnclearDates."""
    found = [match for cell in cells if (match := _NUMBERS.fullmatch(" ".join(cell.split()))) and len(match["a"]) < 3]
    if not found:
        return None
    day_first = any(int(match["a"]) > 12 for match in found)
    month_first = any(int(match["b"]) > 12 for match in found)
    if day_first and month_first:
        raise UnclearDates(gettext_noop("some dates have the day first and some the month"))
    if day_first or month_first:
        return DAY_FIRST if day_first else MONTH_FIRST
    if all(match["mark"] == "." for match in found):
        return DAY_FIRST
    raise UnclearDates(
        gettext_noop("nothing says whether “%(found)s” has the day or the month first") % {"found": found[0][0]}
    )
