"""Malformed and hostile bodies: valid messages next to bad ones are read, and everything read can be stored."""

import dataclasses
import math

import pytest
from hypothesis import given, settings

from tests.cases import each_case
from tests.whatsapp import meta
from tests.whatsapp.poison import any_json, beside_valid_messages, cases, poisoned
from whatsapp.inbound.events import UnreadableBody

SECOND = "entry[0].changes[0].value.messages[1]"
REPLACED = f"{SECOND}: characters that cannot be stored were replaced"
PRUNED = f"{SECOND}: parts nested too deep were left out"


def read_around(poison, *, key=b'"poison"', value=b'"poison"'):
    """Read three messages, of which the second also contains the JSON text `poison`."""
    messages = [meta.text("before"), meta.text("bad", poison="poison"), meta.text("after")]
    body = meta.body(meta.messages_value(messages=messages))
    reading = meta.reading(body.replace(key + b": " + value, poison))
    assert [event.content for event in reading.events] == ["before", "bad", "after"]
    assert_storable(reading.events)
    return reading.events[1].extras, reading.notes


@each_case(
    ("poison", "extras", "problems"),
    [
        (rb'"x": "a\u0000b"', {"x": "a\ufffdb"}, [REPLACED]),
        (b'"x": "a\x00b"', {"x": "a\ufffdb"}, [REPLACED]),
        (rb'"x": "\ud83d"', {"x": "\ufffd"}, [REPLACED]),
        (rb'"x": "\ude00\ud83d"', {"x": "\ufffd\ufffd"}, [REPLACED]),
        (rb'"x": "\ud83d\ude00"', {"x": "😀"}, []),
        ('"x": "é😀"'.encode(), {"x": "é😀"}, []),
        (b'"x": "\xff\xc3"', {"x": "\ufffd\ufffd"}, [REPLACED]),
        (rb'"a\u0000": {"b\ud800": 1}', {"a\ufffd": {"b\ufffd": 1}}, [REPLACED]),
        (b'"x": "tab\t line\n bell\x07"', {"x": "tab\t line\n bell\x07"}, []),
        (b'"x": [NaN, Infinity, -Infinity, 1e999, -1e999, 1e-999]', {"x": [None] * 5 + [0.0]}, []),
        (b'"x": ' + b"9" * 18, {"x": 10**18 - 1}, []),
        (b'"x": ' + b"9" * 40, {"x": "9" * 40}, []),
        (b'"x": -' + b"9" * 5000, {"x": None}, []),
        (b'"x": 1, "x": 2', {"x": 2}, []),
        (rb'"x": "\u0000pruned", "\u0000pruned": 1', {"x": None, "\ufffdpruned": 1}, [PRUNED, REPLACED]),
        (b'"x": "]]}}[[{{\\"[["', {"x": ']]}}[[{{"[['}, []),
    ],
)
def test_characters_that_cannot_be_stored_are_replaced(poison, extras, problems):
    assert read_around(poison) == (extras, problems)


@pytest.mark.parametrize("deep", [60, 500, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"[":', b"}]")])
def test_parts_nested_too_deeply_are_left_out(deep, opening, closing):
    extras, problems = read_around(b'"x": ' + opening * deep + b"1" + closing * deep + b', "y": "[[\\"{{"')
    assert (extras["y"], problems) == ('[[\\"{{'.replace("\\", ""), [PRUNED])


def test_a_byte_order_mark_is_skipped():
    reading = meta.reading(b"\xef\xbb\xbf" + meta.body(meta.messages_value(messages=[meta.text("é")])))
    assert ([event.content for event in reading.events], reading.notes) == (["é"], [])


def test_no_message_is_rejected_for_bad_characters_in_ids_names_and_texts():
    messages = [meta.text("a\x00", id="i\ud800", type="text\x00"), meta.text("b", from_="US.\x00")]
    contacts = [meta.contact(name="\x00Bo", username="\udfff")]
    reading = meta.reading(meta.body(meta.messages_value("1\x00", messages=messages, contacts=contacts)))
    assert [(event.provider_id[:1], event.content[:1]) for event in reading.events] == [("i", "a"), ("w", "b")]
    assert [problem.split(":")[0].rpartition(".")[2] for problem in reading.notes] == [
        "metadata",
        "messages[0]",
        "messages[1]",
        "contacts[0]",
    ]
    assert_storable(reading.events)


def test_notes_contain_no_personal_data():
    secret, number = "my secret", "4915123456789"
    bad = meta.text(secret, from_=[number], id="x" * 501) | {secret + "\x00": [secret, number]}
    items = [bad, meta.text(secret * 9999, timestamp=number), {secret: number, "id": "wamid.1"}, secret]
    value = meta.messages_value(messages=items, statuses=[meta.status(number), meta.status(secret), number])
    reading = meta.reading(meta.body(value | {secret: "\x00"}))
    assert len(reading.rejected + reading.notes) == 10
    assert not [line for line in reading.rejected + reading.notes if secret in line or number in line]


def assert_storable(events):
    """Assert that PostgreSQL's text and jsonb can store every value of these events."""
    for event in events:
        for value in vars_of(event).values():
            assert_value_storable(value, 0)


def vars_of(event):
    return {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}


def assert_value_storable(value, depth):
    assert depth <= 64
    if isinstance(value, str):
        assert "\x00" not in value
        value.encode()
    elif isinstance(value, dict | list):
        for item in value:
            assert not isinstance(value, dict) or isinstance(item, str)
            assert_value_storable(item, depth + 1)
        for item in value.values() if isinstance(value, dict) else ():
            assert_value_storable(item, depth + 1)
    elif isinstance(value, int | float):
        assert math.isfinite(value)
        assert abs(value) < 1e18 or isinstance(value, float)
    elif dataclasses.is_dataclass(value):
        assert_value_storable(vars_of(value), depth)


def check_any_json(tree):
    try:
        reading = meta.reading(poisoned(tree))
    except UnreadableBody:
        assert not isinstance(tree, dict)
    else:
        assert_storable(reading.events)


def check_valid_messages(case):
    reading = meta.reading(beside_valid_messages(case))
    assert_storable(reading.events)
    found = {getattr(event, "provider_id", "") for event in reading.events}
    assert found >= {"good-1", "good-2", "good-3", "good-4"}
    for lines in (reading.rejected, reading.notes):
        assert len(lines) <= 51
        assert all(len(line) <= 300 for line in lines)


# tests/long runs both with more examples.
@settings(max_examples=60)
@given(any_json)
def test_any_json_is_read_or_refused(tree):
    check_any_json(tree)


@settings(max_examples=60)
@given(cases)
def test_valid_messages_are_read_next_to_any_content(case):
    check_valid_messages(case)
