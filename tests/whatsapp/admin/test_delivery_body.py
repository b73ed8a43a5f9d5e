"""The body of a delivery as staff see it."""

import json

from tests.cases import each_case
from tests.staff import ESCAPED, HOSTILE, address, operator
from tests.whatsapp.stored_deliveries import delivery, page_of
from whatsapp.admin.delivery_body import MAX_LENGTH, readable


def test_the_body_is_shown_as_escaped_and_indented_text(db):
    page = page_of(delivery(json.dumps({"text": HOSTILE, "n": [1, 2]}).encode(), error=HOSTILE))
    assert "<script>alert" not in page
    assert ESCAPED.replace("&quot;", "") in page
    assert "{\n  &quot;text&quot;: " in page


def test_a_long_body_is_cut_with_a_note(db):
    page = page_of(delivery(b"x" * (MAX_LENGTH + 1234)))
    assert "Cut here: 1,234 more characters." in page
    assert "x" * MAX_LENGTH in page
    assert "x" * (MAX_LENGTH + 1) not in page


@each_case(
    ("provider", "body", "text"),
    [
        ("cloud", b"", ""),
        ("cloud", b"\xff\x00<b>", "\\xff\\0<b>"),
        ("cloud", rb'"\ud83d"', '"\\ud83d"'),
        ("cloud", b"[" * 100_000, "[" * MAX_LENGTH),
        ("cloud", b"1" * 10_000, "1" * 10_000),
        ("cloud", b'{"a": NaN}', '{\n  "a": NaN\n}'),
        ("twilio", b"Body=Hello+%F0%9F%98%80&To=whatsapp%3A%2B49", "Body = Hello 😀\nTo = whatsapp:+49"),
        ("twilio", b"no form", "no form"),
        ("twilio", b"a=1&" * 2000, "a=1&" * 2000),
        ("twilio", b"a=%FF%00", "a = \ufffd\\0"),
    ],
)
def test_any_body_can_be_shown(db, provider, body, text):
    assert readable(provider, body)[0] == text
    assert operator().get(address("change", delivery(body, provider=provider))).status_code == 200
