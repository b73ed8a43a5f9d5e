"""The figures on the Overview: a few numbers and charts, which open the lists that they count."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from leads.models import Lead, LeadType
from leads.models.leads import LeadSource
from leadsite.accounts.models import User
from leadsite.adminkit.workplace import business_of
from leadsite.core import clock
from leadsite.figures.counting import SHOWN, first_id, median
from leadsite.figures.models import DailyFigure
from leadsite.inbox.access import Viewer
from leadsite.inbox.chats import counts, shown_count
from whatsapp.models import AccountEvent, Channel

# The chart, in units of its own.
WIDTH: Final = 900
HEIGHT: Final = 180
GAP: Final = 4


@dataclass(slots=True)
class Period:
    """What is stored of the shown days: by name, key and day."""

    days: list[date]
    values: dict[tuple[str, str], dict[date, int]] = field(default_factory=lambda: defaultdict(dict))
    counted_at: datetime | None = None

    def total(self, name: str, key: str | None = None, last: int = SHOWN) -> int:
        """The sum of the last days, of one key or of all."""
        days = set(self.days[-last:])
        return sum(
            value
            for (one, its_key), by_day in self.values.items()
            if one == name and key in (None, its_key)
            for day, value in by_day.items()
            if day in days
        )

    def of_day(self, name: str, day: date) -> dict[str, int]:
        found = {key: by_day[day] for (one, key), by_day in self.values.items() if one == name and day in by_day}
        return dict(sorted(found.items()))

    def median(self, *, last: int = SHOWN, day: date | None = None) -> float | None:
        """The median of response times, in seconds."""
        days = {day} if day else set(self.days[-last:])
        buckets: dict[int, int] = defaultdict(int)
        for (name, key), by_day in self.values.items():
            if name == "response":
                buckets[int(key)] += sum(value for one, value in by_day.items() if one in days)
        return median({bucket: count for bucket, count in buckets.items() if count})


def add_figures(request: HttpRequest) -> dict[str, Any]:
    """Return the context of figures/overview.html, for people who see leads and conversations of a business.

    A fixed number of statements, whose time does not depend on the number of leads.
    """
    business_id = business_of(request)
    if business_id is None or not request.user.has_perms(["leads.view_lead", "conversations.view_conversation"]):
        return {}
    zone = ZoneInfo(timezone.get_current_timezone_name())
    period = read_period(business_id, today=clock.now().astimezone(zone).date())
    return {
        "figures": {
            "now": _tiles_of_now(request, business_id),
            "tiles": _tiles(period, zone),
            "chart": leads_chart(period, zone),
            "types": _types(period, zone),
            "counted_at": period.counted_at,
        }
    }


def read_period(business_id: Any, *, today: date) -> Period:
    """Return what is stored of the last days. One statement."""
    period = Period([today - timedelta(days=back) for back in reversed(range(SHOWN))])
    rows = DailyFigure.objects.filter(user_id=business_id, day__gte=period.days[0], day__lte=today)
    for row in rows:
        period.values[row.name, row.key][row.day] = row.value
        period.counted_at = max(filter(None, (period.counted_at, row.counted_at)))
    return period


def leads_chart(period: Period, zone: ZoneInfo) -> dict[str, Any]:
    """New leads by day and source: stacked bars, and the same as a table."""
    rows = [(day, period.of_day("leads", day)) for day in period.days]
    most = max((sum(parts.values()) for _, parts in rows), default=0)
    sources = [source for source in LeadSource.values if any(source in parts for _, parts in rows)]
    width = WIDTH / len(rows)
    bars = []
    for number, (day, parts) in enumerate(rows):
        top, rects = HEIGHT, []
        for source in sources:
            height = round(HEIGHT * parts.get(source, 0) / most) if most else 0
            top -= height
            rects.append({"source": source, "y": top, "height": height})
        words = ", ".join(f"{LeadSource(source).label} {count}" for source, count in parts.items())
        bars.append(
            {
                "x": round(number * width),
                "width": round(width) - GAP,
                "rects": [rect for rect in rects if rect["height"]],
                "day": day,
                "count": sum(parts.values()),
                "cells": [parts.get(source, 0) for source in sources],
                "label": _label(day, sum(parts.values()), words),
                "url": _leads(day, day, zone),
            }
        )
    first, last = period.days[0], period.days[-1]
    legend = [
        {
            "source": source,
            "label": LeadSource(source).label,
            "count": period.total("leads", source),
            "url": _leads(first, last, zone, source__exact=source),
        }
        for source in sources
    ]
    return {
        "bars": bars,
        "legend": legend,
        "most": most,
        "width": WIDTH,
        "height": HEIGHT,
        "total": period.total("leads"),
    }


def _label(day: date, count: int, words: str) -> str:
    new = ngettext("%(day)s: %(count)d new lead", "%(day)s: %(count)d new leads", count)
    return new % {"day": date_format(day, gettext("j M")), "count": count} + (f" ({words})" if words else "")


def duration(seconds: float | None) -> str:
    """A time in words: "45 s", "12 min", "3 h", "2 days"; "–" for none."""
    if seconds is None:
        return "–"
    units = (
        (172_800, 86_400, gettext("NUMBER days")),
        (7200, 3600, gettext("NUMBER h")),
        (90, 60, gettext("NUMBER min")),
        (float("-inf"), 1, gettext("NUMBER s")),
    )
    words, number = next((words, seconds / unit) for least, unit, words in units if seconds >= least)
    return words.replace("NUMBER", str(round(number)))


def _tiles_of_now(request: HttpRequest, business_id: Any) -> list[dict[str, Any]]:
    """Counted as the page is opened."""
    own = {"user_id": business_id}
    viewer = Viewer(cast(User, request.user), business_id, may_write=False)
    waiting = shown_count(counts(viewer)["waiting"])
    tiles = [_tile(gettext("Waiting now"), waiting, f"{reverse('inbox')}?tab=waiting")]
    if request.user.has_perm("whatsapp.view_channel"):
        stopped = Channel.objects.filter(active=True, **own).exclude(stopped_at=None).count()
        problems = AccountEvent.objects.open_problems(clock.now()).filter(**own).count()
        numbers = reverse("admin:whatsapp_channel_changelist")
        stopped_url = f"{numbers}?active__exact=1&stopped_at__isnull=False"
        events = reverse("admin:whatsapp_accountevent_changelist")
        tiles.append(_tile(gettext("Stopped numbers"), str(stopped), stopped_url))
        tiles.append(_tile(gettext("Problems of quality and account"), str(problems), f"{events}?problems=open"))
    return tiles


def _tiles(period: Period, zone: ZoneInfo) -> list[dict[str, Any]]:
    week = period.days[-7]
    # By the ids, as they are counted: they have an index.
    begin, end = (first_id(moment) for moment in _moments(week, period.days[-1], zone))
    messages = reverse("admin:conversations_message_changelist")
    failed = f"{messages}?delivery=failed&id__gte={begin}&id__lt={end}"
    return [
        # No list has the conversations that were answered, and no others.
        _tile(gettext("First answer, median of 7 days"), duration(period.median(last=7)), ""),
        _tile(gettext("New leads, 7 days"), f"{period.total('leads', last=7):,}", _leads(week, period.days[-1], zone)),
        _tile(gettext("Failed messages, 7 days"), f"{period.total('failed', last=7):,}", failed),
    ]


def _tile(label: str, value: str, url: str) -> dict[str, str]:
    return {"label": label, "value": value, "url": url}


def _types(period: Period, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Of the leads of these days, how many of each type are converted by now."""
    first, last = period.days[0], period.days[-1]
    rows = []
    for kind in LeadType:
        count, converted = period.total("typed", kind.value), period.total("converted", kind.value)
        rows.append(
            {
                "label": kind.label,
                "count": count,
                "converted": converted,
                "percent": round(100 * converted / count) if count else 0,
                "url": _leads(first, last, zone, type__exact=kind.value),
                "converted_url": _leads(
                    first, last, zone, type__exact=kind.value, status__exact=Lead.Status.CONVERTED.value
                ),
            }
        )
    return rows


def _leads(first: date, last: date, zone: ZoneInfo, **more: str) -> str:
    """The list, filtered by the days of creation."""
    begin, end = _moments(first, last, zone)
    days = {"created_at__gte": str(begin), "created_at__lt": str(end)}
    return reverse("admin:leads_lead_changelist", query=days | more)


def _moments(first: date, last: date, zone: ZoneInfo) -> list[datetime]:
    """The midnights at which the first day begins and the last one ends."""
    return [datetime.combine(day, time_of_day(), zone) for day in (first, last + timedelta(days=1))]
