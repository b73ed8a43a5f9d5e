"""Sessions are renewed, and empty answers become pages."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leadsite.core import clock
from leadsite.middleware import RENEWAL_SECONDS
from tests.factories import Business
from tests.staff import operator, staff_of

LISTED = "/admin/leads/lead/"


def ends_in(now: Any = None) -> timedelta:
    return Session.objects.get().expire_date - (now or clock.now())


def test_a_session_ends_after_twelve_hours_without_a_request(owner: Business):
    staff_of(owner).get(LISTED)
    assert timedelta(hours=11, minutes=59) < ends_in() <= timedelta(hours=12)


def test_a_session_in_use_is_renewed_by_one_write_an_hour(owner: Business, monkeypatch: pytest.MonkeyPatch):
    person = staff_of(owner)
    person.get(LISTED)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        person.get(LISTED)
    assert not [query for query in queries if 'UPDATE "django_session"' in query["sql"]]
    # As if the last renewal were an hour ago.
    session = person.client.session
    session["renewed"] -= RENEWAL_SECONDS
    session.save()
    Session.objects.update(expire_date=clock.now() + timedelta(hours=11))
    answer = person.get(LISTED)
    assert ends_in() > timedelta(hours=11, minutes=59)
    assert answer.cookies["sessionid"]["max-age"] == 12 * 3600


def test_a_visitor_without_session_gets_none(db: None):
    Client().get("/admin/login/")
    assert not Session.objects.exists()


def test_a_wrong_method_is_a_page(db: None):
    answer = operator().get("/admin/logout/")
    assert answer.status_code == 405
    assert "cannot be used like that" in answer.content.decode()
    assert answer.headers["Allow"] == "POST, OPTIONS"
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("referer", "back_to"),
    [
        ("http://testserver/admin/leads/lead/1/change/?p=2", "/admin/leads/lead/1/change/%3Fp%3D2"),
        ("http://evil.example/admin/leads/lead/", "/admin/leads/lead/add/"),
        ("http://testserver/admin/login/", "/admin/leads/lead/add/"),
        ("http://testserver//evil.example/", "/admin/leads/lead/add/"),
        ("http://[", "/admin/leads/lead/add/"),
        ("", "/admin/leads/lead/add/"),
    ],
)
def test_a_form_that_was_sent_too_late_leads_back_to_its_page(db: None, referer: str, back_to: str):
    answer = Client().post("/admin/leads/lead/add/", {}, HTTP_REFERER=referer)
    assert answer.headers["Location"] == f"/admin/login/?next={back_to}"
