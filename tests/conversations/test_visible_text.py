"""Telling visible texts from invisible ones."""

import sys

import pytest
from django.db import connection

from conversations.visible_text import visible_text

BLANK = ["", " \n\t", "\u00a0\u200b\u2800", "\u3164", "\u202e", "\uffa0\u200e", "\u115f\u1160\ufe0f", "\U000e0041"]


@pytest.mark.parametrize("blank", BLANK)
def test_a_text_of_invisible_characters_is_blank(blank):
    assert visible_text(blank) == ""
    assert visible_text(f"{blank}é{blank}") == f"{blank}é{blank}"


def test_sql_has_the_same_invisible_characters(db):
    parts = (range(1, 0x3200), range(0xF900, 0x10000), range(0xDFFF0, 0xE1010), [sys.maxunicode])
    storable = [chr(code) for part in parts for code in part]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c FROM unnest(%s::text[]) AS c WHERE lead_error(jsonb_build_object("
            "'customer_phone', '+4915123456789', 'customer_name', c, 'type', 'order')) IS NOT NULL",
            [storable],
        )
        blank_in_sql = {character for (character,) in cursor}
    assert blank_in_sql == {character for character in storable if not visible_text(character)}
