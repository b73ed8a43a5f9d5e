"""Telling visible texts from invisible ones."""

import pytest

from conversations.visible_text import visible_text


@pytest.mark.parametrize("blank", ["", " \n\t", "\u00a0\u200b\u2800", "\u3164", "\u202e", "\uffa0\u200e"])
def test_a_text_of_invisible_characters_is_blank(blank):
    assert visible_text(blank) == ""
    assert visible_text(f"{blank}é{blank}") == f"{blank}é{blank}"
