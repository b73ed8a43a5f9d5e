"""The guide before the operations: its example verifies signatures, its numbers are those of the code."""

import re
import time
from typing import Any

import pytest

from leadsite.description.guide import guide
from leadsite.rest.error_codes import ERROR_CODES
from leadsite.webhooks.signing import make_secret, signed_headers
from tests.leadsite.description.document import document

BODY = b'{"type": "webhook.test"}'


@pytest.fixture
def is_from_leadsite() -> Any:
    """The function in the guide, as a reader would copy it."""
    (code,) = re.findall(r"```python\n(.*?)```", guide(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    return names["is_from_leadsite"]


def headers_of(*secrets: str, age: int = 0, body: bytes = BODY) -> dict[str, str]:
    return signed_headers(event_id="one", at=int(time.time()) - age, body=body, secrets=secrets)


def test_the_example_accepts_a_right_signature_and_one_of_two(is_from_leadsite):
    old, new = make_secret(), make_secret()
    assert is_from_leadsite(new, headers_of(new), BODY)
    assert is_from_leadsite(old, headers_of(new, old), BODY)


def test_the_example_refuses_others(is_from_leadsite):
    secret = make_secret()
    right = headers_of(secret)
    assert not is_from_leadsite(secret, right, BODY + b" ")
    assert not is_from_leadsite(secret, headers_of(make_secret()), BODY)
    assert not is_from_leadsite(secret, headers_of(secret, age=301), BODY)
    assert not is_from_leadsite(secret, right | {"webhook-id": "two"}, BODY)
    assert not is_from_leadsite(secret, right | {"webhook-timestamp": "yesterday"}, BODY)
    assert not is_from_leadsite(secret, right | {"webhook-signature": ""}, BODY)


def test_it_has_every_code_with_its_status():
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \|", guide(), re.MULTILINE)
    assert rows == [(str(one.status), code) for code, one in ERROR_CODES.items()]


def test_its_limits_and_transitions_are_those_of_the_code():
    text = guide()
    assert "| body of a request | 524,288 bytes; where a file can be sent 23,068,672 |" in text
    assert "| leads in a batch | 1,000 |" in text
    assert "| `converted` | `lost` |" in text
    assert "5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 2 h, 4 h, 8 h, 8 h" in text


def test_it_is_served():
    assert document()["info"]["description"] == guide()


def test_paths_that_it_names_exist():
    named = set(re.findall(r"`(?:GET|POST|PATCH|DELETE) (/api/[^`?]*)`", guide()))
    assert named
    assert named <= document()["paths"].keys()
