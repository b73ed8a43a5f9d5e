"""Times as a list shows them: short."""

from datetime import datetime, timedelta

from django.utils import timezone

from leadsite.core import clock


def short_time(time: datetime | None) -> str:
    """The time of today, the day of this week, otherwise the date; "" for none."""
    if time is None:
        return ""
    local, today = timezone.localtime(time), timezone.localtime(clock.now()).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    if timedelta() < today - local.date() < timedelta(days=7):
        return f"{local:%a}"
    return f"{local.day} {local:%b}" if local.year == today.year else f"{local.day} {local:%b %Y}"


def waited(since: datetime) -> str:
    """How long ago, in the largest unit. The browser counts on in the same words: inbox.js."""
    minutes = max(0, int((clock.now() - since).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"


def remaining(until: datetime) -> str:
    """How long until, in hours and minutes. The browser counts on in the same words: inbox.js."""
    minutes = max(0, int((until - clock.now()).total_seconds() // 60))
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
