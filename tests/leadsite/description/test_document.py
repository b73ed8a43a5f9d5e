"""The description tells what a client has to know: errors with examples, headers, limits. Its examples are valid."""

from collections.abc import Iterator
from typing import Any

import pytest

from leadsite.rest.error_codes import ERROR_CODES
from tests.leadsite.description.document import document, operations, problems, resolved

OPERATIONS = dict(operations())


def parts(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for part in tree.values():
            yield from parts(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from parts(part)


def contents() -> Iterator[tuple[str, dict[str, Any]]]:
    """The bodies of requests and answers of all operations and events."""
    for name, operation in OPERATIONS.items():
        if "requestBody" in operation:
            yield f"{name}, sent", operation["requestBody"]["content"]["application/json"]
        for status, answer in operation["responses"].items():
            for content in answer.get("content", {}).values():
                yield f"{name}, {status}", content


def test_null_is_a_type_as_in_json_schema():
    assert [part for part in parts(document()) if "nullable" in part] == []
    types = [part["type"] for part in parts(document()) if isinstance(part.get("type"), list)]
    assert all(len(set(some)) == len(some) for some in types)


def test_every_example_is_valid():
    examples = [
        (place, example["value"], content["schema"])
        for place, content in contents()
        for example in content.get("examples", {}).values()
    ]
    assert len(examples) > 200
    found = {place: wrong for place, value, schema in examples if (wrong := problems(value, schema))}
    assert found == {}


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_code_of_an_error_has_an_example_of_its_own(name: str):
    """And a description that says when it is answered."""
    for status, answer in OPERATIONS[name]["responses"].items():
        if int(status) < 400:
            continue
        (content,) = answer["content"].values()
        codes = [example["value"]["code"] for example in content["examples"].values()]
        assert len(set(codes)) == len(codes) > 0
        assert all(ERROR_CODES[code].status == int(status) for code in codes)
        assert all(f"`{code}`" in answer["description"] for code in codes)


def test_every_code_of_a_conflict_is_answered_by_an_operation():
    shown = {
        example["value"]["code"]
        for operation in OPERATIONS.values()
        for status, answer in operation["responses"].items()
        if status in ("409", "422")
        for content in answer["content"].values()
        for example in content["examples"].values()
    }
    assert shown == {code for code, one in ERROR_CODES.items() if one.status in (409, 422)}


def test_all_codes_are_one_enumeration():
    schema = document()["components"]["schemas"]
    assert schema["ErrorCode"]["enum"] == list(ERROR_CODES)
    assert resolved(schema["Error"]["properties"]["code"]["allOf"][0])["enum"] == list(ERROR_CODES)


@pytest.mark.parametrize("name", OPERATIONS)
def test_headers_of_answers_are_described(name: str):
    operation = OPERATIONS[name]
    repeatable = any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", ()))
    for status, answer in operation["responses"].items():
        headers = answer["headers"].keys()
        assert "X-Request-ID" in headers
        assert ("Retry-After" in headers) == (status in ("429", "503") or (status == "409" and repeatable))
        assert ("WWW-Authenticate" in headers) == (status == "401")
        assert ("Idempotency-Replayed" in headers) == (status.startswith("2") and repeatable)


def test_a_hidden_number_is_null():
    for name in ("Lead", "Conversation"):
        assert document()["components"]["schemas"][name]["properties"]["customer_phone"]["type"] == ["string", "null"]


def test_every_operation_and_parameter_says_what_it_does():
    for name, operation in OPERATIONS.items():
        assert operation["summary"], name
        assert operation["description"], name
        for one in operation.get("parameters", ()):
            assert one["in"] == "path" or one.get("description"), (name, one["name"])
    assert document()["servers"][0]["url"] == "/"
    assert {tag for one in OPERATIONS.values() for tag in one["tags"]} < {one["name"] for one in document()["tags"]}
