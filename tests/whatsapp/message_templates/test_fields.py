"""What somebody fills in of a template, and what Meta gets of it."""

from typing import Any

import pytest

from whatsapp.message_templates.fields import clean, fields_of, fill, problems_of, unfillable
from whatsapp.message_templates.rendering import render

HEADER = {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}", "example": {"header_text": ["12"]}}
BODY = {
    "type": "BODY",
    "text": "Hello {{1}},\nyour {{2}} is ready, {{1}}",
    "example": {"body_text": [["Amina", "cake"]]},
}
NAMED = {
    "type": "BODY",
    "text": "Hello {{first_name}}",
    "example": {"body_text_named_params": [{"param_name": "first_name", "example": "Amina"}]},
}


def texts(kind: str, *values: str) -> dict[str, Any]:
    return {"type": kind, "parameters": [{"type": "text", "text": value} for value in values]}


def buttons(*given: dict[str, Any]) -> dict[str, Any]:
    return {"type": "BUTTONS", "buttons": list(given)}


URL = {"type": "URL", "text": "Track", "url": "https://b.example/t/{{1}}", "example": ["https://b.example/t/77"]}
OTP = {"type": "URL", "text": "Copy code", "url": "https://www.whatsapp.com/otp/code/?code=otp{{1}}"}


def test_fields_have_labels_examples_and_the_words_around():
    found = fields_of([BODY, HEADER, buttons(URL)])
    assert [(one.name, one.label, one.example, one.text) for one in found] == [
        ("header.1", "Text 1 in the header", "12", "Order {{1}}"),
        ("body.1", "Text 1", "Amina", "Hello {{1}},"),
        ("body.2", "Text 2", "cake", "your {{2}} is ready, {{1}}"),
        ("button.0", "End of the address of the button “Track”", "77", "https://b.example/t/{{1}}"),
    ]
    (named,) = fields_of([NAMED])
    assert (named.name, named.label, named.example) == ("body.first_name", "First name", "Amina")


@pytest.mark.parametrize(
    ("components", "values", "sent"),
    [
        (
            [HEADER, BODY],
            {"header.1": "7", "body.1": "Amina", "body.2": "cake"},
            [texts("header", "7"), texts("body", "Amina", "cake")],
        ),
        (
            [NAMED],
            {"body.first_name": "Amina"},
            [{"type": "body", "parameters": [{"type": "text", "text": "Amina", "parameter_name": "first_name"}]}],
        ),
        (
            [buttons({"type": "QUICK_REPLY", "text": "Yes"}, URL)],
            {"button.1": "9"},
            [texts("button", "9") | {"sub_type": "url", "index": "1"}],
        ),
        (
            [{"type": "BODY", "text": "{{1}} is your code"}, buttons(OTP)],
            {"body.1": "4711"},
            [texts("body", "4711"), texts("button", "4711") | {"sub_type": "url", "index": "0"}],
        ),
        (
            [buttons({"type": "COPY_CODE"})],
            {"button.0": "MAY10"},
            [
                {
                    "type": "button",
                    "sub_type": "copy_code",
                    "index": "0",
                    "parameters": [{"type": "coupon_code", "coupon_code": "MAY10"}],
                }
            ],
        ),
        (
            [{"type": "HEADER", "format": "IMAGE"}],
            {"header.media": "https://b.example/a.jpg"},
            [{"type": "header", "parameters": [{"type": "image", "image": {"link": "https://b.example/a.jpg"}}]}],
        ),
        (
            [{"type": "HEADER", "format": "DOCUMENT"}],
            {"header.media": "https://b.example/x/menu%201.pdf"},
            [
                {
                    "type": "header",
                    "parameters": [
                        {
                            "type": "document",
                            "document": {"link": "https://b.example/x/menu%201.pdf", "filename": "menu 1.pdf"},
                        }
                    ],
                }
            ],
        ),
        (
            [{"type": "HEADER", "format": "LOCATION"}],
            {"header.latitude": "52.5", "header.longitude": "13.4", "header.name": "Shop", "header.address": "Mitte"},
            [
                {
                    "type": "header",
                    "parameters": [
                        {
                            "type": "location",
                            "location": {"latitude": "52.5", "longitude": "13.4", "name": "Shop", "address": "Mitte"},
                        }
                    ],
                }
            ],
        ),
        (
            [{"type": "CAROUSEL", "cards": [{"components": [BODY]}]}],
            {"card.0.body.1": "A", "card.0.body.2": "b"},
            [{"type": "carousel", "cards": [{"card_index": 0, "components": [texts("body", "A", "b")]}]}],
        ),
        ([{"type": "BODY", "text": "We are closed"}], {}, []),
    ],
)
def test_what_meta_gets(components: Any, values: dict[str, str], sent: Any):
    assert {one.name for one in fields_of(components)} == set(values)
    assert problems_of(components, values) == {}
    assert fill(components, values) == sent
    assert "{{" not in render(components, sent)


@pytest.mark.parametrize(
    ("components", "values", "wrong"),
    [
        ([BODY], {"body.1": "Amina"}, {"body.2": "Text 2: fill this in."}),
        (
            [{"type": "HEADER", "format": "VIDEO"}],
            {"header.media": "http://b.example"},
            "Address of the video: an address that begins with https://",
        ),
        (
            [{"type": "HEADER", "format": "LOCATION"}],
            {"header.latitude": "north", "header.longitude": "1", "header.name": "a", "header.address": "b"},
            "a number such as",
        ),
        ([BODY], {"body.1": "x" * 1025, "body.2": "b"}, {"body.1": "Text 1: too long."}),
    ],
)
def test_what_is_missing_or_wrong_is_named(components: Any, values: dict[str, str], wrong: Any):
    found = problems_of(components, values)
    assert found == wrong if isinstance(wrong, dict) else wrong in "".join(found.values())


def test_line_breaks_and_tabs_are_a_space_because_meta_refuses_them():
    assert clean({"body.1": " Amina \n\tYılmaz     x\0 "}) == {"body.1": "Amina Yılmaz x"}


@pytest.mark.parametrize(
    "component",
    [
        {"type": "LIMITED_TIME_OFFER"},
        {"type": "HEADER", "format": "PRODUCT"},
        buttons({"type": "MPM"}),
        {"type": "CAROUSEL", "cards": [{"components": [buttons({"type": "SPM"})]}]},
    ],
)
def test_what_cannot_be_filled_in_is_named(component: Any):
    assert unfillable([BODY, component])
    assert not unfillable([HEADER, BODY, buttons(URL, OTP)])


@pytest.mark.parametrize(
    "components",
    [
        None,
        "x",
        [None],
        [{"type": "BODY"}],
        [{"type": "BUTTONS", "buttons": "x"}],
        [{"type": "BODY", "text": "{{1}}", "example": {"body_text": "x"}}],
    ],
)
def test_components_of_any_shape_raise_nothing(components: Any):
    fill(components, {one.name: "x" for one in fields_of(components)})
    assert isinstance(unfillable(components), str)


def test_labels_of_cards_name_the_card_first():
    found = fields_of([{"type": "CAROUSEL", "cards": [{"components": [BODY]}, {"components": [BODY]}]}])
    assert [one.label for one in found][::3] == ["Card 1: Text 1", "Card 2: Text 2"]
