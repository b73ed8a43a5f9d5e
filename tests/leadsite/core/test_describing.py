"""What is stored of the arguments of a service that failed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from leadsite.core.describing import describe
from leadsite.core.logs.masking import mask_numbers

ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


class Row(NamedTuple):
    customer_phone: str
    type: str
    details: str


@dataclass
class Message:
    to: str
    content: str
    template: dict[str, Any] | None = None


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("customer_phone", "+4915112345678", "+49…78"),
        ("to", "+4915112345678", "+49…78"),
        ("phone", "12", "…"),
        ("type", "order", "order"),
        ("type", "call +49 151 123 456 78", "call +4…78"),
        ("type", "x" * 50, "50 characters"),
        ("external_id", "4915112345678", "49…78"),
        ("details", "Two cakes", "9 characters"),
        ("customer_name", "Anna", "4 characters"),
        ("token", "secret", "6 characters"),
        ("body", b"{}", "2 bytes"),
        ("number", 4915112345678, "49…78"),
        ("count", 5, 5),
        ("user_id", ID, str(ID)),
        ("at", datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02 00:00:00+00:00"),
        ("flag", True, True),
        ("nothing", None, None),
    ],
)
def test_a_value_is_described_by_its_field(name: str, value: Any, expected: Any) -> None:
    assert describe(value, name) == expected


def test_rows_and_lists_are_described_part_by_part() -> None:
    rows = [Row("+4915112345678", "order", "Two cakes")] * 5
    first = {"customer_phone": "+49…78", "type": "order", "details": "9 characters"}
    assert describe(rows, "leads") == [first, first, first, "and 2 more"]


def test_templates_and_keys_of_clients_are_not_repeated() -> None:
    message = Message("+4915112345678", "Hello Anna", {"Anna +4915112345678": "x", "name": "hello"})
    assert describe(message) == {
        "to": "+49…78",
        "content": "10 characters",
        "template": {"…": "1 characters", "name": "5 characters"},
    }


def test_it_ends_in_what_contains_itself() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert "…" in str(describe(endless))


def test_numbers_with_what_people_write_between_digits_are_masked() -> None:
    assert mask_numbers("call +49 (151) 123-456.78 now, 12345 times", first=2) == "call +4…78 now, 12345 times"
