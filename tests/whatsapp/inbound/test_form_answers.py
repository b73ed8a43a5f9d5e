"""Answers of forms as lines for people."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import each_case
from whatsapp.inbound.form_answers import answers_of, readable_name


@each_case(
    ("found", "lines"),
    [
        ({"first_name": "Amina", "guests": 40, "flow_token": "unused"}, "First name: Amina\nGuests: 40"),
        ('{"Day": "2026-12-05", "Name": "Amina", "flow_token": "x"}', "Day: 2026-12-05\nName: Amina"),
        ({"vegan": True, "nuts": False, "note": "", "other": None}, "Vegan: yes\nNuts: no"),
        ({"fillings": ["lemon", "pistachio"], "price": 12.5}, "Fillings: lemon, pistachio\nPrice: 12.5"),
        (
            {"delivery": {"streetName": "Main Street", "zip": "12345"}},
            "Delivery, street name: Main Street\nDelivery, zip: 12345",
        ),
        ({"cakes": [{"size": "L"}, {"size": "S"}]}, "Cakes, size: L\nCakes, size: S"),
        (
            {"photo": [{"file_name": "cake.jpg", "mime_type": "image/jpeg", "sha256": "x", "id": 7}]},
            "Photo, file name: cake.jpg",
        ),
        # An address.
        (
            {"saved_address_id": "a1", "values": {"in_pin_code": "400063", "city": "Mumbai"}},
            "Pin code: 400063\nCity: Mumbai",
        ),
        # Meta's form builder.
        (
            {"screen_0_First_Name_0": "Amina", "screen_1_Rating_1": "0_Excellent"},
            "First name: Amina\nRating: Excellent",
        ),
        ({"screen_0_Extras_0": ["0_Candles", "1_Card"]}, "Extras: Candles, Card"),
        # Twilio's pages.
        (
            {"pages": [{"id": "p", "items": [{"label": "How many guests?", "value": "40", "type": "TEXT"}]}]},
            "How many guests?: 40",
        ),
        ({"nfm_reply": {"response_json": '{"name": "Amina"}'}}, "Name: Amina"),
        ({"id": "DE-77", "Name": "Amina"}, "Id: DE-77\nName: Amina"),
        ({"items": "three", "data": ["a", "b"]}, "Items: three\nData: a, b"),
        ("Not JSON", "Not JSON"),
        ('"text"', "text"),
        ("7", "7"),
        ([1, "b"], "1, b"),
        ("{}", ""),
        ("", ""),
        (None, ""),
        ({"flow_token": "x"}, ""),
        ('{"a": "\\u0000x"}', "A: \ufffdx"),
    ],
)
def test_answers_are_one_a_line_in_the_order_given(found, lines):
    assert answers_of(found) == lines


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("first_name", "First name"),
        ("firstName", "First name"),
        ("VAT_number", "VAT number"),
        ("_", ""),
        ("E-Mail", "E-mail"),
    ],
)
def test_keys_become_words(key, name):
    assert readable_name(key) == name


def test_deep_answers_are_cut_and_do_not_exhaust_the_stack():
    assert answers_of("[" * 100_000 + "]" * 100_000) == ""
    deep = '{"a": "b"}'
    for _ in range(12):
        deep = json.dumps({"response_json": deep})
    assert answers_of(deep) == ""


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda part: st.lists(part) | st.dictionaries(st.text(), part),
    )
)
def test_any_json_has_answers(tree):
    assert isinstance(answers_of(json.dumps(tree)), str)
