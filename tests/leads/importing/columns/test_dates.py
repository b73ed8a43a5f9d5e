from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from leads.importing.columns.dates import BadDate, Dates, UnclearDates
from tests.cases import each_case


@each_case(
    ("cell", "moment"),
    [
        ("2025-10-31T11:18:23+01:00", datetime(2025, 10, 31, 10, 18, 23, tzinfo=UTC)),
        ("2025-10-31T11:18:23+0000", datetime(2025, 10, 31, 11, 18, 23, tzinfo=UTC)),
        ("2025-10-20 09:15:02 -0400", datetime(2025, 10, 20, 13, 15, 2, tzinfo=UTC)),
        ("2025-10-31 11:18:23 UTC", datetime(2025, 10, 31, 11, 18, 23, tzinfo=UTC)),
        ("2025/10/20 9:15:02 AM GMT+1", datetime(2025, 10, 20, 8, 15, 2, tzinfo=UTC)),
        ("2025/10/20 12:15 a.m.", datetime(2025, 10, 20, 0, 15, tzinfo=UTC)),
        ("2025-10-31", datetime(2025, 10, 31, tzinfo=UTC)),
        ("31.10.2025 21:01", datetime(2025, 10, 31, 21, 1, tzinfo=UTC)),
        ("31/10/2025", datetime(2025, 10, 31, tzinfo=UTC)),
        ("1/2/25", datetime(2025, 2, 1, tzinfo=UTC)),
        ("Oct 20, 2025, 9:15 PM", datetime(2025, 10, 20, 21, 15, tzinfo=UTC)),
        ("20 October 2025", datetime(2025, 10, 20, tzinfo=UTC)),
        ("1761905903", datetime(2025, 10, 31, 10, 18, 23, tzinfo=UTC)),
    ],
)
def test_dates_are_read_as_exports_write_them(cell, moment):
    assert Dates(["31/10/2025"], None).read(cell) == moment


def test_the_order_of_day_and_month_is_that_of_the_column():
    assert Dates(["10/1/2025", "10/13/2025", "x", ""], None).read("1/2/2025").month == 1
    assert Dates(["10/1/2025", "13/10/2025"], None).read("1/2/2025").month == 2
    assert Dates(["1.2.2025"], None).read("1.2.2025").month == 2
    assert Dates(["1/2/2025"], "mdy").read("1/2/2025").month == 1
    for cells in (["1/2/2025"], ["13/10/2025", "10/13/2025"]):
        with pytest.raises(UnclearDates):
            Dates(cells, None)


@pytest.mark.parametrize(
    "cell",
    ["soon", "2025-13-01", "31/31/2025", "13/13/2025", "", "2025", "99/99/9999 99:99", "10 Okt 2025", "12 ene 2025"],
)
def test_what_is_no_date_is_refused(cell):
    with pytest.raises(BadDate, match="is no date that can be read"):
        Dates([], "mdy").read(cell)


def test_a_future_date_is_refused():
    dates = Dates([], None)
    with pytest.raises(BadDate, match="in the future"):
        dates.read((timezone.now() + timedelta(minutes=5)).isoformat())
    # Without a zone, it may be of a place where it is this time already.
    ahead = (timezone.now() + timedelta(hours=9)).replace(tzinfo=None)
    assert dates.read(ahead.isoformat()) <= timezone.now()
    with pytest.raises(BadDate, match="in the future"):
        dates.read((ahead + timedelta(hours=9)).isoformat())
