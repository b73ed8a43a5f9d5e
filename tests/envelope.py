"""The error format of all endpoints, and bodies that cannot be parsed."""

import json

from tests.factories import ORDER

ENVELOPE = {"success", "error", "code", "fields"}


def refused(answer, status):
    """Check the status of a refusal and return its envelope."""
    assert answer.status_code == status, answer.content
    body = answer.json()
    assert set(body) == ENVELOPE
    assert body["success"] is False
    assert body["error"]
    return body


BAD_BODIES = {
    "nothing": b"",
    "not JSON": b"customer_phone=1",
    "half of JSON": b'{"customer_phone": "+12',
    "not UTF-8": b'{"customer_name": "\xff\xfe"}',
    "UTF-16": json.dumps(ORDER).encode("utf-16"),
    "NaN": b'{"customer_phone": NaN}',
    "Infinity": b'{"details": -Infinity}',
    "a list": json.dumps([ORDER]).encode(),
    "a string": b'"lead"',
    "null": b"null",
    "5000 digits": b'{"customer_phone": ' + b"1" * 5000 + b"}",
    "100 000 brackets": b"[" * 100_000,
    "100 000 objects": b'{"a":' * 100_000,
    "an unpaired bracket after": json.dumps(ORDER).encode() + b"]",
    "a NUL byte": json.dumps(ORDER | {"details": "a\0b"}).encode(),
    "a NUL in the phone": json.dumps(ORDER | {"customer_phone": "+1234567890\0"}).encode(),
    "a lone surrogate": json.dumps(ORDER | {"customer_name": "\ud800"}).encode(),
    "a huge number": b'{"customer_phone": 1e999}',
}
