"""The line of each request."""

from typing import Any

import pytest
from django.test import Client
from structlog.testing import capture_logs

from tests.factories import ORDER, Business
from tests.staff import staff_of


def line_of(method: str, path: str, client: Client | None = None, **options: Any) -> Any:
    with capture_logs() as lines:
        getattr(client or Client(), method)(path, **options)
    (line,) = [line for line in lines if line["event"] == "request_finished"]
    return line


def test_it_says_what_was_asked_and_answered(owner: Business) -> None:
    key = {"Authorization": f"Bearer {owner.api_key}"}
    line = line_of(
        "post", "/api/leads?customer_phone=%2B49151", data=ORDER, content_type="application/json", headers=key
    )
    assert (line["method"], line["path"], line["route"]) == ("POST", "/api/leads", "api/leads")
    assert (line["status"], line["log_level"], line["user_id"]) == (400, "info", str(owner.id))
    assert 0 < line["ms"] < 60_000
    assert "49151" not in str(line)


def test_the_route_has_the_place_of_an_id(owner: Business) -> None:
    line = line_of("get", f"/api/leads/{owner.id}", headers={"Authorization": f"Bearer {owner.api_key}"})
    assert (line["status"], line["route"]) == (404, "api/leads/<uuid:lead_id>")


def test_a_page_names_who_has_logged_in(owner: Business) -> None:
    assert line_of("get", "/admin/", staff_of(owner).client)["user_id"] == str(owner.id)
    assert line_of("get", "/admin/login/")["user_id"] is None


def test_a_fault_is_logged_with_its_traceback_and_finished(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with capture_logs() as lines, monkeypatch.context() as patched:
        patched.setattr("leadsite.middleware.limit_waiting", lambda seconds: 1 / 0)
        answer = Client(raise_request_exception=False).get("/admin/login/")
    assert answer.status_code == 500
    assert [line["event"] for line in lines] == ["request_failed", "request_finished"]
    assert lines[1]["log_level"] == "error"
