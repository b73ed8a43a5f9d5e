"""One person's traces in texts and JSON: numbers in any spelling, ids, names beside them, and nothing of others."""

import base64

import pytest

from whatsapp.erasing.traces import GONE, Traces

ANA = Traces.of(phones=["+4915123456789"], ids=["DE.98765432"], names=["Ana Wolff"])
WAMID = "wamid." + base64.b64encode(b"\x1c\x18\x0d4915123456789\x15\x02").decode()
SPELLINGS = [
    *("+4915123456789", "4915123456789", "004915123456789", "+49 151 23456789", "0151 2345 6789", "(0151) 23 45 67 89"),
    *("0049 (0)151/23456789", "+49 (151) 234-567-89", "+49\u00a0151\u00a023456789", "+49 151\u201123456789"),
    *("15123456789", "+49-151-23456789", "whatsapp:+4915123456789", WAMID, "DE.98765432"),
]
OTHERS = ["+4915123456788", "49151234567", "2026-11-28 10:15:00", "DE.98765433", "+4415123456789", "Ana Wolff", "12"]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_it_is_found_in_any_spelling_as_a_value_and_in_a_text(spelling):
    assert ANA.is_whole(spelling)
    assert ANA.in_text(f"Please call {spelling} today").removeprefix("Please call whatsapp:") in (
        f"{GONE} today",
        f"Please call {GONE} today",
        f"Please call ({GONE} today",
    )


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_no_trace_stays(text):
    assert not ANA.is_whole(text)
    assert ANA.in_text(f"Please call {text} today") == f"Please call {text} today"


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ("+525512345678", "+52 1 55 1234 5678"),
        ("+5215512345678", "+52 55 1234 5678"),
        ("+541123456789", "+54 9 11 2345 6789"),
        ("+551187654321", "+55 11 98765-4321"),
        ("+2290123456789", "+229 23 45 67 89"),
    ],
)
def test_both_forms_of_a_number_are_found(stored, written):
    assert Traces.of(phones=[stored]).in_text(f"at {written}.") == f"at {GONE}."


def test_a_name_is_taken_out_only_beside_the_number():
    assert ANA.in_text("ana wolff, 0151 23456789, and Joanna") == f"{GONE}, {GONE}, and Joanna"
    assert ANA.in_text("A cake for Ana Wolff") == "A cake for Ana Wolff"


def test_objects_of_the_person_are_taken_out_whole_and_texts_of_others_lose_the_number():
    messages = [
        {"from": "4915123456789", "text": {"body": "My secret"}},
        {"from": "447700900123", "text": {"body": "Ask +49 151 23456789"}, "context": {"from": "4915123456789"}},
        {"from": "447700900123", "contacts": [{"phones": [{"phone": "0151 23456789"}], "name": "Ana"}, {"name": "Bo"}]},
    ]
    assert ANA.in_json(messages) == [
        {"from": "447700900123", "text": {"body": f"Ask {GONE}"}, "context": {"from": GONE}},
        {"from": "447700900123", "contacts": [{"name": "Bo"}]},
    ]


def test_rows_of_files_are_taken_out_whole():
    assert ANA.in_json([["Ana", "0151 23456789"], ["Bo", "0151 23456780"]]) == [["Bo", "0151 23456780"]]
    assert ANA.is_theirs({"line": 2, "cells": ["Ana", "+49 151 23456789"], "reason": ""})
