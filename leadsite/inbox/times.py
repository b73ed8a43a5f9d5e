"""Times as a list shows them, short; and those that a person chooses: in the time zone of the pages."""

from datetime import datetime, time, timedelta
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from leadsite.core import clock


def short_time(time: datetime | None) -> str:
    """The time of today, the day of this week, otherwise the date; "" for none."""
    if time is None:
        return ""
    local, today = timezone.localtime(time), timezone.localtime(clock.now()).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    if timedelta() < today - local.date() < timedelta(days=7):
        return date_format(local, "D")
    return date_format(local, gettext("j M") if local.year == today.year else gettext("j M Y"))


def waited(since: datetime) -> str:
    """How long ago, in the largest unit. The browser counts on in the same words: saying.js."""
    minutes = max(0, int((clock.now() - since).total_seconds() // 60))
    if minutes < 60:
        return gettext("NUMBER min").replace("NUMBER", str(minutes))
    hours = minutes // 60
    words, number = (gettext("NUMBER h"), hours) if hours < 48 else (gettext("NUMBER days"), hours // 24)
    return words.replace("NUMBER", str(number))


def remaining(until: datetime) -> str:
    """How long until, in hours and minutes. The browser counts on in the same words: saying.js."""
    minutes = max(0, int((until - clock.now()).total_seconds() // 60))
    in_minutes = gettext("NUMBER min").replace("NUMBER", str(minutes % 60))
    return f"{gettext('NUMBER h').replace('NUMBER', str(minutes // 60))} {in_minutes}" if minutes >= 60 else in_minutes


MORNING: Final = time(9)
# What can be chosen by one word.
LATER_TODAY: Final = "later"
TOMORROW: Final = "tomorrow"
NEXT_WEEK: Final = "next_week"


class NotATime(Exception):
    """A person has chosen no time, or one that is not there."""


def read_time(text: str) -> datetime:
    """Return the time that a form has: a date with or without a time, or one of the words. Raises NotATime."""
    text = text.strip()
    now = timezone.localtime(clock.now())
    if text == LATER_TODAY:
        return later_today(now)
    if text in (TOMORROW, NEXT_WEEK):
        days = 1 if text == TOMORROW else 7 - now.weekday()
        return timezone.make_aware(datetime.combine(now.date() + timedelta(days=days), MORNING))
    try:
        chosen = datetime.fromisoformat(text)
        if len(text) <= len("2026-11-30"):
            chosen = datetime.combine(chosen.date(), MORNING)
        return _stored(chosen)
    except (ValueError, OverflowError) as error:
        raise NotATime(gettext("Choose a date and a time, such as 2026-11-30 09:00.")) from error


def later_today(now: datetime) -> datetime:
    """Three hours later, to the full quarter of an hour."""
    later = now + timedelta(hours=3)
    return later.replace(minute=later.minute // 15 * 15, second=0, microsecond=0)


def _stored(chosen: datetime) -> datetime:
    """With its zone, that of the pages where it has none. Raises OverflowError for a time that not every zone has."""
    moment = chosen if chosen.tzinfo else timezone.make_aware(chosen)
    if not clock.has_all_zones(moment):
        raise OverflowError
    return moment


def moment_words(time: datetime) -> str:
    """Day and time, without the year of today's."""
    local = timezone.localtime(time)
    is_of_this_year = local.year == timezone.localtime(clock.now()).year
    return date_format(local, gettext("D j M, H:i") if is_of_this_year else gettext("D j M Y, H:i"))


def for_input(time: datetime | None) -> str:
    """The value of an input of the type datetime-local."""
    return f"{timezone.localtime(time):%Y-%m-%dT%H:%M}" if time else ""
