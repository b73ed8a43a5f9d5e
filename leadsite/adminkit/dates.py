"""Times in the admin: the filter of lists by ranges of whole days, in the time zone of the business, and forms."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from leadsite.core import clock

_TITLES: Final = {"created_at": _("created"), "updated_at": _("changed"), "deleted_at": _("deleted")}


class DateRangeFilter(admin.DateFieldListFilter):
    """Django's, with yesterday and last month, and without ranges of the future."""

    def __init__(self, field: Any, *rest: Any, **more: Any) -> None:
        super().__init__(field, *rest, **more)
        self.title = _TITLES.get(field.name, self.title)
        since, until = self.lookup_kwarg_since, self.lookup_kwarg_until
        ranges: list[Any] = [(label, {since: begin, until: end}) for label, begin, end in ranges_of_days(clock.now())]
        self.links = ((gettext("Any date"), {}), *ranges)
        if field.null:
            missing = f"{self.field_generic}isnull"
            self.links += ((gettext("No date"), {missing: True}), (gettext("Has date"), {missing: False}))

    @property
    def words(self) -> str:
        """The days of a range that is none of the choices, as a link has it; "" where they cannot be read."""
        begin, end = (self._moment(name) for name in (self.lookup_kwarg_since, self.lookup_kwarg_until))
        if begin is None or end is None:
            return ""
        days = [timezone.localtime(one).date() for one in (begin, end - timedelta(microseconds=1))]
        return " – ".join(date_format(day, gettext("j M Y")) for day in dict.fromkeys(days))

    def _moment(self, name: str) -> datetime | None:
        try:
            moment = parse_datetime(str(self.date_params.get(name, "")))
        except ValueError:
            return None
        return moment if moment and timezone.is_aware(moment) and clock.has_all_zones(moment) else None


def ranges_of_days(now: datetime) -> list[tuple[str, datetime, datetime]]:
    """Return the label of each range with its first moment, and the first moment after it, in the current time zone."""
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = today + timedelta(days=1)
    month = today.replace(day=1)
    last_month = (month - timedelta(days=1)).replace(day=1)
    return [
        (gettext("Today"), today, tomorrow),
        (gettext("Yesterday"), today - timedelta(days=1), today),
        (gettext("Last 7 days"), today - timedelta(days=6), tomorrow),
        (gettext("Last 30 days"), today - timedelta(days=29), tomorrow),
        (gettext("This month"), month, tomorrow),
        (gettext("Last month"), last_month, month),
        (gettext("This year"), month.replace(month=1), tomorrow),
    ]


def check_moment(chosen: datetime | None) -> datetime | None:
    """Return what a form has read. A year that Python cannot show in each zone breaks each page that has it; as in the
    inbox and over REST. Raises ValidationError.
    """
    if chosen is not None and not clock.has_all_zones(chosen):
        raise ValidationError(gettext("Choose a date and a time, such as 2026-11-30 09:00."))
    return chosen


def filter_times_by_ranges() -> None:
    """Use DateRangeFilter for each time that a list names in its list_filter."""
    admin.FieldListFilter.register(_is_time, DateRangeFilter, take_priority=True)


def _is_time(field: Any) -> bool:
    return isinstance(field, models.DateTimeField)
