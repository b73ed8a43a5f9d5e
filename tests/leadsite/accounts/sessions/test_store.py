"""Sessions: how long they last, where they are from, and that the database has no keys to them."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.db import OperationalError, connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leadsite.accounts.models import Session
from leadsite.accounts.sessions.store import SessionStore, hashed
from leadsite.core import clock
from tests.factories import Business
from tests.staff import Staff, staff_of

LISTED = "/admin/leads/lead/"
LOGIN = f"/admin/login/?next={LISTED}"


@pytest.fixture
def person(owner: Business) -> Staff:
    person = staff_of(owner)
    person.client.defaults |= {"REMOTE_ADDR": "192.0.2.7", "HTTP_USER_AGENT": "Firefox/145.0 Windows"}
    return person


def passed(**times: Any) -> None:
    """As if so much time had passed since these columns were written."""
    Session.objects.update(**{column: F(column) - time for column, time in times.items()})


def lasts() -> timedelta:
    return Session.objects.get().expire_date - clock.now()


def is_logged_in(person: Staff) -> bool:
    answer = person.get(LISTED)
    assert answer.status_code == 200 or answer.headers["Location"] == LOGIN
    return bool(answer.status_code == 200)


def test_the_database_does_not_have_what_is_in_the_cookie(person: Staff):
    key = person.client.cookies["sessionid"].value
    row = Session.objects.get()
    assert row.pk == hashed(key)
    assert key not in str(vars(row))
    assert is_logged_in_with(key)
    assert not is_logged_in_with(row.pk)


def is_logged_in_with(cookie: str) -> bool:
    # Not by Client.cookies: Python refuses to send some of these.
    return bool(Client().get(LISTED, headers={"cookie": f"sessionid={cookie}"}).status_code == 200)


@pytest.mark.parametrize("cookie", ["x", "", "\x00" * 12, '"' + r"\000" * 12 + '"', "ü" * 32, "a" * 5000])
def test_a_made_up_cookie_is_no_session(person: Staff, cookie: str):
    assert not is_logged_in_with(cookie)


def test_a_session_ends_twelve_hours_after_the_last_request(person: Staff):
    assert timedelta(hours=11, minutes=59) < lasts() <= timedelta(hours=12)
    passed(expire_date=timedelta(hours=11), last_seen_at=timedelta(hours=11))
    assert is_logged_in(person)
    assert timedelta(hours=11, minutes=59) < lasts() <= timedelta(hours=12)
    passed(expire_date=timedelta(hours=12, minutes=1))
    assert not is_logged_in(person)


def test_a_session_ends_two_weeks_after_the_login_also_in_use(person: Staff):
    passed(started_at=timedelta(days=13, hours=20), last_seen_at=timedelta(minutes=2))
    assert is_logged_in(person)
    assert timedelta(hours=3, minutes=59) < lasts() <= timedelta(hours=4)
    # A change of what is in the session does not prolong it either.
    session = person.client.session
    session["something"] = 1
    session.save()
    assert lasts() <= timedelta(hours=4)
    passed(started_at=timedelta(hours=5), last_seen_at=timedelta(minutes=2))
    person.get(LISTED)
    assert not is_logged_in(person)


def test_the_limits_are_settings(person: Staff, settings: Any):
    settings.SESSION_IDLE_HOURS, settings.SESSION_MAX_DAYS = 100, 2
    passed(last_seen_at=timedelta(minutes=2))
    person.get(LISTED)
    assert timedelta(hours=47) < lasts() <= timedelta(hours=48)


def test_the_last_request_is_noted_once_a_minute(person: Staff):
    person.get(LISTED)
    passed(last_seen_at=timedelta(seconds=50))
    with CaptureQueriesContext(connection) as queries:
        person.get(LISTED)
    assert not [query for query in queries if query["sql"].startswith("UPDATE")]
    passed(last_seen_at=timedelta(seconds=15))
    with CaptureQueriesContext(connection) as queries:
        person.get(LISTED)
    assert len([query for query in queries if query["sql"].startswith("UPDATE")]) == 1
    row = Session.objects.get()
    assert clock.now() - row.last_seen_at < timedelta(seconds=10)
    assert (row.address, row.browser_name) == ("192.0.2.7", "Firefox on Windows")


def test_a_page_is_shown_also_where_nothing_can_be_written(person: Staff, monkeypatch: pytest.MonkeyPatch):
    passed(last_seen_at=timedelta(minutes=2))

    def refuse(*arguments: Any, **columns: Any) -> int:
        raise OperationalError("cannot execute UPDATE in a read-only transaction")

    monkeypatch.setattr("leadsite.accounts.sessions.models.models.QuerySet.update", refuse)
    assert is_logged_in(person)


def test_a_request_that_runs_while_its_session_is_ended_does_not_bring_it_back(person: Staff):
    running = SessionStore(person.client.cookies["sessionid"].value)
    assert SESSION_KEY in running
    Session.objects.end([Session.objects.get().pk], reason="test")
    running.touch()
    running["something"] = 1
    with pytest.raises(UpdateError):
        running.save()
    assert not Session.objects.exists()
    assert not is_logged_in(person)


def test_a_session_of_nobody_is_short(db: None):
    store = SessionStore()
    store["something"] = 1
    store.save()
    assert timedelta(minutes=14) < lasts() <= timedelta(minutes=15)


def test_an_api_request_reads_and_writes_no_session(owner: Business, person: Staff):
    passed(last_seen_at=timedelta(minutes=2))
    with CaptureQueriesContext(connection) as queries:
        answer = person.client.get("/api/leads", headers={"Authorization": f"Bearer {owner.api_key}"})
    assert answer.status_code == 200
    assert not [query for query in queries if "sessions" in query["sql"]]
    assert person.client.get("/api/leads").status_code == 401
