"""Bodies that can be stored are returned unchanged; others are repaired, with a note."""

import json

import pytest

from leadsite.rest.nesting import DEEPEST
from whatsapp.json_repair import parse


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
@pytest.mark.parametrize("leaf", ["1", '"x"', "[]", "{}"])
def test_the_depth_is_limited(opening: str, closing: str, leaf: str) -> None:
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
def test_only_characters_that_cannot_be_stored_are_replaced(body: bytes, text: str, is_noted: bool) -> None:
    tree, notes = parse(body)
    assert tree == [text]
    assert bool(notes) == is_noted
