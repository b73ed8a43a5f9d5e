"""A body that can be stored as it is comes back as it is; the rest is repaired, and a note says where."""

import json

import pytest

from whatsapp.json_repair import DEEPEST, parse


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
@pytest.mark.parametrize("leaf", ["1", '"x"', "[]", "{}"])
def test_a_tree_has_at_most_so_many_levels(opening: str, closing: str, leaf: str) -> None:
    def nested(levels: int) -> bytes:
        return (opening * levels + leaf + closing * levels).encode()

    assert parse(nested(DEEPEST)) == (json.loads(nested(DEEPEST)), [])
    _, notes = parse(nested(DEEPEST + 1))
    assert notes


@pytest.mark.parametrize(
    ("body", "text", "is_noted"),
    [
        (rb'["\u00fc"]', "ü", False),
        (rb'["\ud83d\ude00"]', "😀", False),
        (rb'["\\u0000"]', "\\u0000", False),
        (rb'["\u0000"]', "\ufffd", True),
        (rb'["\uD800"]', "\ufffd", True),
        (b'["\x00"]', "\ufffd", True),
        (b'["\xff"]', "\ufffd", True),
    ],
)
def test_only_what_cannot_be_stored_is_replaced(body: bytes, text: str, is_noted: bool) -> None:
    tree, notes = parse(body)
    assert tree == [text]
    assert bool(notes) == is_noted
