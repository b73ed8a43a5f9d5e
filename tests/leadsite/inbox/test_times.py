from datetime import datetime, timedelta

import pytest
from django.utils import timezone, translation

from leadsite.core import clock
from leadsite.inbox.times import NotATime, read_time, remaining, short_time, waited

SATURDAY = datetime(2026, 11, 28, 14, 30, tzinfo=timezone.get_default_timezone())


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: SATURDAY)


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(hours=2), "12:30"),
        (timedelta(days=1), "Fri"),
        (timedelta(days=6), "Sun"),
        (timedelta(days=7), "21 Nov"),
        (timedelta(days=400), "24 Oct 2025"),
    ],
)
def test_a_time_is_as_short_as_it_can_be(ago: timedelta, text: str):
    assert short_time(SATURDAY - ago) == text


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00+14:00", "9999-12-31", "soon"]
)
def test_a_time_that_not_every_zone_has_is_none(text: str):
    with pytest.raises(NotATime):
        read_time(text)


def test_no_time_is_nothing():
    assert short_time(None) == ""


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=-5), "0 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=47, minutes=59), "47 h"),
        (timedelta(days=2), "2 days"),
    ],
)
def test_how_long_somebody_waits(ago: timedelta, text: str):
    assert waited(SATURDAY - ago) == text


@pytest.mark.parametrize(
    ("language", "texts"),
    [("de", ["9 Min.", "3 Std.", "4 Tage", "3 Std. 9 Min."]), ("es", ["9 min", "3 h", "4 días", "3 h 9 min"])],
)
def test_units_are_those_of_the_language(language: str, texts: list[str]):
    with translation.override(language):
        waits = [waited(SATURDAY - ago) for ago in (timedelta(minutes=9), timedelta(hours=3), timedelta(days=4))]
        assert [*waits, remaining(SATURDAY + timedelta(hours=3, minutes=9))] == texts


@pytest.mark.parametrize(
    ("left", "text"),
    [(timedelta(hours=23, minutes=59), "23 h 59 min"), (timedelta(minutes=9), "9 min"), (-timedelta(1), "0 min")],
)
def test_what_remains_of_the_window(left: timedelta, text: str):
    assert remaining(SATURDAY + left) == text
