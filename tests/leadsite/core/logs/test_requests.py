"""The line of each request."""

from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection
from django.test import Client
from structlog.testing import capture_logs

from leadsite.core.logs.tracebacks import traceback_of
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


def failed(statement: str, kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught, connection.cursor() as cursor:
        cursor.execute(statement)
    return traceback_of(caught.value)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("statement", "kind", "expected"),
    [
        ("INSERT INTO customers (user_id, name) VALUES (NULL, E'two\n\nlines of Ana')", IntegrityError, "23502"),
        ("SELECT 'lines of Ana'::int", DataError, "22P02"),
        ("SELECT 'lines of Ana'::jsonb", DataError, "22P02"),
    ],
)
def test_a_traceback_quotes_no_row(statement: str, kind: type[Exception], expected: str) -> None:
    text = failed(statement, kind)
    assert expected in text
    assert "test_requests.py" in text
    assert "lines of Ana" not in text.replace(statement, "")


def test_a_traceback_has_what_led_to_the_error() -> None:
    try:
        try:
            int("x" * 2000)
        except ValueError as error:
            raise RuntimeError("of +4915123456789") from error
    except RuntimeError as error:
        text = traceback_of(error)
    assert text.index("ValueError") < text.index("direct cause") < text.index("RuntimeError: of …89")
    assert len(text) < 2500


def test_a_traceback_has_all_errors_of_a_group() -> None:
    text = traceback_of(ExceptionGroup("two", [KeyError("first"), OSError("second")]))
    assert "1. KeyError: 'first'" in text
    assert "2. OSError: second" in text
