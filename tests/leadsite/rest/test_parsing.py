"""Request bodies: which are accepted, and the responses to others."""

import json
import time
from io import BytesIO

import pytest
from rest_framework.exceptions import ParseError

from leadsite.rest.parsing import JSONParser
from tests.cases import each_case
from tests.envelope import BAD_BODIES, refused
from tests.factories import NOTHING, ORDER


@each_case("case", BAD_BODIES)
def test_a_body_that_cannot_be_parsed_is_400(case, owner):
    answer = owner.client.post("/api/leads", BAD_BODIES[case], content_type="application/json")
    refused(answer, 400)
    assert owner.row_counts() == NOTHING


def test_a_field_given_twice_among_many_is_found_in_one_pass():
    fields = "".join(f'"f{number}":1,' for number in range(25_000))
    body = f'{{{fields}"f24999":1}}'.encode()
    started = time.thread_time()
    with pytest.raises(ParseError, match="the field 'f24999' is given twice"):
        JSONParser().parse(BytesIO(body))
    # Comparing each name with all others takes many times as long on any machine.
    assert time.thread_time() - started < 1


def test_a_body_is_nested_64_levels_at_most():
    assert JSONParser().parse(BytesIO(b"[" * 64 + b"0" + b"]" * 64))
    # From about 940 on another recursion, in a field or in json.dumps, would meet Python's limit.
    for depth in (65, 500, 900, 940, 980, 50_000):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            with pytest.raises(ParseError, match="nested too deeply"):
                JSONParser().parse(BytesIO(opening * depth + b"0" + closing * depth))


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
