"""Parts of a delivery: no type raises an exception, and each error is reported with its path."""

from datetime import UTC, datetime
from typing import Any

import pytest

from whatsapp.json_parts import (
    LINE_MAX_LENGTH,
    LINES_LISTED,
    BoundedLines,
    Part,
    Report,
    error_text,
    objects_of,
    text_of,
    without_phones,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def part(**data: Any) -> Part:
    return Part(data, "entry[0]", Report())


def test_lists_of_lines_are_bounded() -> None:
    lines = BoundedLines()
    for _ in range(LINES_LISTED + 2):
        lines.add("x" * 1000)
    *listed, last = lines.all()
    assert (len(listed), {len(line) for line in listed}) == (LINES_LISTED, {LINE_MAX_LENGTH})
    assert last == "and 2 more"


def test_a_value_of_the_wrong_type_is_reported_with_its_path() -> None:
    whole = part(messages=[{"id": "a"}, 5, {"id": "b"}], statuses="x", contacts=[5], one={"id": "c"})
    assert [child.text("id") for child in whole.children("messages")] == ["a", "b"]
    assert [child.text("id") for child in whole.children("one")] == ["c"]
    assert list(whole.children("statuses")) == list(whole.children("contacts")) == list(whole.children("none")) == []
    assert whole.report.rejected.all() == ["entry[0].messages[1]: is not an object", "entry[0].statuses: is not a list"]
    assert whole.report.notes.all() == ["entry[0].contacts[0]: is not an object"]
    assert whole.child("messages").data == {}


@pytest.mark.parametrize("value", [int(NOON.timestamp()), str(int(NOON.timestamp())), NOON.timestamp()])
def test_seconds_are_read_as_a_time(value: Any) -> None:
    assert part(timestamp=value).moment("timestamp", NOON) == NOON


@pytest.mark.parametrize("value", [None, "", "noon", -5, 0, 1e300, float("nan"), True, int(NOON.timestamp()) + 3600])
def test_an_implausible_time_is_noted(value: Any) -> None:
    one = part(timestamp=value)
    assert one.moment("timestamp", NOON) is None
    assert len(one.report.notes.all()) == 1


def test_texts_objects_and_errors_are_read_from_any_type() -> None:
    values: list[Any] = ["a", 5, True, 1.5, None, {}]
    assert [text_of(value) for value in values] == ["a", "5", "", "", "", ""]
    assert objects_of({"a": 1}) == objects_of([{"a": 1}, 5]) == [{"a": 1}]
    assert objects_of("x") == []
    assert error_text({"title": "Refused", "error_data": {"details": "Too late"}}) == "Refused — Too late"
    assert error_text({"message": "Refused", "details": "Refused"}) == "Refused"


def test_a_report_contains_no_phone_number() -> None:
    assert "23456789" not in without_phones("It is +49 (151) 23456789.")
