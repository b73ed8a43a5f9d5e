"""How deep JSON may be nested."""

import json

import pytest

from leadsite.rest.nesting import DEEPEST, is_too_deep


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_the_level_after_the_deepest_is_too_deep(opening: str, closing: str) -> None:
    depth = DEEPEST // len(closing)
    assert not is_too_deep(json.loads(opening * depth + "1" + closing * depth))
    assert is_too_deep(json.loads(opening * (depth + 1) + "1" + closing * (depth + 1)))


def test_an_empty_object_or_list_is_no_level_and_neither_is_another_value() -> None:
    assert not is_too_deep(json.loads("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)))
    assert not any(map(is_too_deep, (None, 5, "[" * 1000)))


def test_the_deepest_part_of_a_wide_tree_is_found() -> None:
    deep = json.loads("[" * DEEPEST + "1" + "]" * DEEPEST)
    assert is_too_deep({"a": [], "b": {"c": 1}, "d": deep})
