"""Errors of pages say in the admin's skin what to do, without the database."""

from typing import Any
from unittest.mock import patch
from uuid import UUID

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leads.models import Lead
from leadsite.adminkit.error_pages import WORDS, error_page
from tests.factories import Business
from tests.staff import address, operator, staff_of

UNREACHABLE = OperationalError("connection refused")
UNREACHABLE.__cause__ = psycopg.OperationalError("connection refused")


def assert_is_page(answer: Any, status: int, words: str) -> None:
    page = answer.content.decode()
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert words in page
    assert "unfold/css/styles" in page
    assert 'href="/admin/"' in page


@pytest.mark.parametrize("status", sorted(WORDS))
def test_a_page_needs_no_database(status: int, db: None):
    with CaptureQueriesContext(connection) as queries:
        assert_is_page(error_page(status), status, f"Error {status}")
    assert not len(queries)


def test_its_words_are_escaped():
    assert b"<b>" not in error_page(400, title="<b>", sentence="<b>").content


@pytest.mark.parametrize("path", ["/no/such/page", "/admin/no/such/page/"])
def test_a_missing_page(path: str, db: None):
    assert_is_page(operator().get(path), 404, "There is no such page")


def test_a_forbidden_page(owner: Business):
    assert_is_page(staff_of(owner).get("/admin/accounts/user/"), 403, "Your login has no permission for it")


@pytest.mark.parametrize("path", ["/admin/no/such/page/", "/admin/accounts/user/"])
def test_ctrl_k_leads_to_the_search_from_here_too(path: str, owner: Business):
    """Who reads the page is not known where it is made: the inbox asks for a login, if need be."""
    assert "search_key.js#/admin/inbox/" in staff_of(owner).get(path).content.decode()


def test_too_large_a_form(owner: Business, settings: Any):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = staff_of(owner).client.post(address("add", Lead), {"details": "x" * 2000})
    assert_is_page(answer, 413, "send less")


def test_too_many_fields(owner: Business, settings: Any):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 10
    answer = staff_of(owner).client.post(address("add", Lead), {f"f{number}": "x" for number in range(20)})
    assert_is_page(answer, 400, "not valid")


def test_an_expired_form(db: None):
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "a"})
    assert_is_page(answer, 403, "This form has expired")


def test_a_bug(db: None):
    person = operator()
    person.client.raise_request_exception = False
    with patch("leads.admin.leads.LeadAdmin.get_queryset", side_effect=RuntimeError):
        assert_is_page(person.get(address("changelist", Lead)), 500, "It has been logged")


@pytest.mark.parametrize(
    "place", ["leadsite.middleware.PageMessages.process_request", "leads.admin.leads.LeadAdmin.get_queryset"]
)
def test_a_database_out_of_reach(place: str, db: None):
    person = operator()
    person.client.raise_request_exception = False
    with patch(place, side_effect=UNREACHABLE):
        answer = person.get(address("changelist", Lead))
    assert_is_page(answer, 503, "Nothing is lost")
    assert answer.headers["Retry-After"] == "5"


def test_the_api_still_answers_in_json(owner: Business):
    answer = owner.client.get(f"/api/leads/{UUID(int=0)}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Client().get("/api/nothing").json()["code"] == "not_found"
