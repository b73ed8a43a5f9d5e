"""Ranges of days, also where a day has 23 or 25 hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from leads.models import Lead
from leadsite.accounts.models import User
from leadsite.adminkit.dates import ranges_of_days
from leadsite.core import clock
from tests.cases import each_case
from tests.staff import staff_of

BERLIN = ZoneInfo("Europe/Berlin")


def ranges(now):
    with timezone.override(BERLIN):
        return {label: (f"{begin:%Y-%m-%d %H}", f"{end:%Y-%m-%d %H}") for label, begin, end in ranges_of_days(now)}


@each_case(
    "now, label, begin, end",
    [
        (datetime(2026, 3, 1, 23, 30, tzinfo=UTC), "Today", "2026-03-02", "2026-03-03"),
        (datetime(2026, 3, 1, 23, 30, tzinfo=UTC), "Yesterday", "2026-03-01", "2026-03-02"),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "Yesterday", "2026-02-28", "2026-03-01"),
        (datetime(2026, 3, 30, 12, tzinfo=UTC), "Yesterday", "2026-03-29", "2026-03-30"),
        (datetime(2026, 10, 26, 12, tzinfo=UTC), "Yesterday", "2026-10-25", "2026-10-26"),
        (datetime(2026, 1, 3, 12, tzinfo=UTC), "Last 7 days", "2025-12-28", "2026-01-04"),
        (datetime(2026, 1, 3, 12, tzinfo=UTC), "This month", "2026-01-01", "2026-01-04"),
        (datetime(2026, 1, 3, 12, tzinfo=UTC), "Last month", "2025-12-01", "2026-01-01"),
        (datetime(2026, 12, 31, 12, tzinfo=UTC), "This year", "2026-01-01", "2027-01-01"),
    ],
)
def test_a_range_begins_and_ends_at_midnight(now, label, begin, end):
    assert ranges(now)[label] == (f"{begin} 00", f"{end} 00")


@pytest.mark.django_db
@each_case("column, title", [("created_at", "created"), ("updated_at", "changed")])
def test_the_list_of_leads_finds_those_of_yesterday_in_the_zone_of_the_business(column, title, owner):
    User.objects.filter(pk=owner.id).update(time_zone="Asia/Tokyo")
    midnight = clock.now().astimezone(ZoneInfo("Asia/Tokyo")).replace(hour=0, minute=0, second=0, microsecond=0)
    hours = {name: midnight + timedelta(hours=hour) for name, hour in (("a", -25), ("b", -24), ("c", -1), ("d", 0))}
    for name, at in hours.items():
        lead = owner.has_lead(customer_name=name, details=name).lead_id
        Lead.objects.filter(pk=lead).update(**{column: at})
    staff = staff_of(owner)
    filters = staff.get("/admin/leads/lead/").context["cl"].filter_specs
    (chosen,) = [spec for spec in filters if getattr(spec, "field_path", "") == column]
    assert str(chosen.title) == title
    since, until = dict(chosen.links)["Yesterday"].values()
    found = staff.found(Lead, **{f"{column}__gte": str(since), f"{column}__lt": str(until)})
    assert {Lead.objects.get(pk=one).details for one in found} == {"b", "c"}
    assert "Yesterday" in staff.list(Lead)
    Lead.objects.all().delete()
