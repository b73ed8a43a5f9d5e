"""Answers of pages, and where a form leads that was sent too late."""

import pytest
from django.test import Client

from leadsite.accounts.models import Session
from tests.staff import operator


def test_a_visitor_without_session_gets_none(db: None):
    Client().get("/admin/login/")
    assert not Session.objects.exists()


def test_a_wrong_method_is_a_page(db: None):
    answer = operator().get("/admin/logout/")
    assert answer.status_code == 405
    assert "cannot be used like that" in answer.content.decode()
    assert answer.headers["Allow"] == "POST, OPTIONS"
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers.get("Content-Length") in (None, str(len(answer.content)))


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
