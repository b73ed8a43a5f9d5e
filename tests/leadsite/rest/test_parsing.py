"""Request bodies: which are accepted, and the responses to others."""

import json

import pytest

from tests.cases import each_case
from tests.envelope import BAD_BODIES, refused
from tests.factories import NOTHING, ORDER


@each_case("case", BAD_BODIES)
def test_a_body_that_cannot_be_parsed_is_400(case, owner):
    answer = owner.client.post("/api/leads", BAD_BODIES[case], content_type="application/json")
    refused(answer, 400)
    assert owner.row_counts() == NOTHING


def test_a_body_of_a_megabyte_is_413(owner):
    body = json.dumps(ORDER | {"details": "x" * 1_000_000})
    assert (
        refused(owner.client.post("/api/leads", body, content_type="application/json"), 413)["code"] == "body_too_large"
    )


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""])
def test_another_content_type_is_415(owner, content_type):
    answer = owner.client.generic("POST", "/api/leads", json.dumps(ORDER), content_type=content_type)
    refused(answer, 415)


def test_a_charset_in_the_content_type_is_accepted(owner):
    answer = owner.client.post("/api/leads", json.dumps(ORDER), content_type="application/json; charset=utf-8")
    assert answer.status_code == 201


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense"])
def test_any_accept_header_is_answered_in_json(owner, accept):
    assert owner.client.post("/api/leads", ORDER, format="json", headers={"accept": accept}).status_code == 201
