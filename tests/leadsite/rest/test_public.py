"""What needs no key has the API's errors all the same, and does not ask for the secret of a form."""

import pytest
from django.test import Client

FILE = "/api/files/01a22a64-4524-7a62-af4a-b0d5871445e3"  # there is none


@pytest.mark.parametrize("path", ["/api/schema", FILE])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_not_allowed(path: str, method: str):
    answer = Client(enforce_csrf_checks=True).generic(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize("path", ["/api/docs", "/api/docs/redoc"])
def test_pages_neither(path: str):
    assert Client(enforce_csrf_checks=True).post(path).status_code == 405


def test_the_schema_takes_no_parameters():
    answer = Client().get("/api/schema?format=yaml")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_file_that_is_not_there_is_refused_as_json(db: None):
    answer = Client().get(FILE)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_head_has_the_headers_of_get():
    head, get = Client().head("/api/schema"), Client().get("/api/schema")
    assert (head.status_code, head["ETag"], head.content) == (200, get["ETag"], b"")
