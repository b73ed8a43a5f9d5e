"""Answers of the web server without Django."""

import json
from typing import Any

import pytest
from django.db import OperationalError
from structlog.testing import capture_logs

from leadsite.server.answers import failure, refusal
from leadsite.server.environ import Visit
from tests.leadsite.server.sent import Sent

VISIT = Visit(client="192.0.2.7", request_id="an-id", started=0.0)


def logged(lines: Any) -> Any:
    (line,) = [line for line in lines if line["event"] == "request_finished"]
    return line


@pytest.mark.parametrize("path", ["/api/leads", "/admin/login/"])
def test_a_refusal_is_logged_and_has_the_id(path: str) -> None:
    with capture_logs() as lines:
        answer = refusal(Sent(path=path), VISIT, 503, "too_busy", "Too many.")
    headers = dict(answer.headers)
    assert (answer.status, headers["x-request-id"], headers["retry-after"]) == (503, "an-id", "5")
    line = logged(lines)
    assert (line["path"], line["status"], line["code"], line["client"]) == (path, 503, "too_busy", "192.0.2.7")
    assert line["request_id"] == "an-id"


def test_a_fault_of_the_web_server_is_answered_in_the_form_of_all_errors() -> None:
    with capture_logs() as lines:
        answer = failure(Sent(), VISIT, ValueError("a fault"))
    assert (answer.status, json.loads(answer.body)["code"]) == (500, "server_error")
    assert [line["event"] for line in lines] == ["request_failed", "request_finished"]


def test_a_database_that_is_away_is_no_fault() -> None:
    with capture_logs() as lines:
        answer = failure(Sent(), VISIT, OperationalError("the connection is lost"))
    assert (answer.status, json.loads(answer.body)["code"]) == (503, "database_unavailable")
    assert [line["event"] for line in lines] == ["request_finished"]
