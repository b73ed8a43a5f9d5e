"""The text of templates, as the customer sees it."""

import pytest

from tests.cases import each_case
from whatsapp.message_templates.rendering import describe, render


def body(text: str, **more):
    return {"type": "BODY", "text": text} | more


def texts(*values: str, kind: str = "body", **more):
    return {"type": kind, "parameters": [{"type": "text", "text": value} for value in values]} | more


def named(**values: str):
    parameters = [{"type": "text", "parameter_name": name, "text": value} for name, value in values.items()]
    return {"type": "body", "parameters": parameters}


ORDER = [
    {"type": "HEADER", "format": "TEXT", "text": "Your order {{1}}"},
    body("Thank you, {{1}}! It comes on {{2}}."),
    {"type": "FOOTER", "text": "Bella's Bakery"},
    {
        "type": "BUTTONS",
        "buttons": [
            {"type": "URL", "text": "Track it", "url": "https://bakery.example/track/{{1}}"},
            {"type": "PHONE_NUMBER", "text": "Call us", "phone_number": "+4930123456"},
            {"type": "QUICK_REPLY", "text": "Stop promotions"},
            {"type": "COPY_CODE", "text": "Copy offer code"},
        ],
    },
]
SENT = [
    texts("#77", kind="header"),
    texts("Amina", "Saturday"),
    texts("A77", kind="button", sub_type="url", index="0"),
    {"type": "button", "sub_type": "quick_reply", "index": 2, "parameters": [{"type": "payload", "payload": "off"}]},
    {
        "type": "button",
        "sub_type": "copy_code",
        "index": "3",
        "parameters": [{"type": "coupon_code", "coupon_code": "CAKE10"}],
    },
]


def test_header_body_footer_and_buttons_have_the_parameters_in_them():
    assert render(ORDER, SENT) == (
        "Your order #77\n\nThank you, Amina! It comes on Saturday.\n\nBella's Bakery\n\n"
        "[Track it] https://bakery.example/track/A77\n[Call us] +4930123456\n[Stop promotions]\n"
        "[Copy offer code] CAKE10"
    )


def test_the_order_of_the_components_does_not_matter():
    assert render(ORDER[::-1], SENT[::-1]) == render(ORDER, SENT)


@each_case(
    ("text", "sent", "rendered"),
    [
        ("Hello {{1}}", [texts("Amina")], "Hello Amina"),
        ("Hello {{ 1 }}", [texts("Amina")], "Hello Amina"),
        ("{{2}} then {{1}} then {{2}}", [texts("a", "b")], "b then a then b"),
        ("Hello {{name}}, see you {{day}}", [named(day="today", name="Amina")], "Hello Amina, see you today"),
        ("No parameters", None, "No parameters"),
        # A parameter is text, never again a placeholder.
        ("{{1}} {{2}}", [texts("{{2}}", r"\1")], r"{{2}} \1"),
        # What is missing stays visible.
        ("Hello {{1}}, {{2}}, {{name}}", [texts("Amina")], "Hello Amina, {{2}}, {{name}}"),
        ("Hello {{1}}", "not a list", "Hello {{1}}"),
        ("Hello {{1}}", [{"type": "body", "parameters": "none"}], "Hello {{1}}"),
        ("Hello {{1}}", [{"type": "BODY", "parameters": [{"type": "text", "text": 7}]}], "Hello 7"),
        ("Hello {{0}} {{²}}", [texts("Amina")], "Hello {{0}} {{²}}"),
    ],
)
def test_placeholders_of_the_body(text, sent, rendered):
    assert render([body(text)], sent) == rendered


@pytest.mark.parametrize(
    ("parameter", "rendered"),
    [
        ({"type": "currency", "currency": {"fallback_value": "10,50 €", "code": "EUR"}}, "10,50 €"),
        ({"type": "date_time", "date_time": {"fallback_value": "28 November"}}, "28 November"),
        ({"type": "location", "location": {"name": "Bakery", "address": "Main St 1"}}, "Bakery, Main St 1"),
        ({"type": "image", "image": {"id": "1"}}, "(image)"),
        (
            {"type": "document", "document": {"filename": "menu.pdf"}},
            "(document: menu.pdf)",
        ),
        ({"type": "hologram", "hologram": {"depth": 3}}, "{{1}}"),
    ],
)
def test_parameters_that_are_not_text(parameter, rendered):
    assert render([body("{{1}}")], [{"type": "body", "parameters": [parameter]}]) == rendered


@pytest.mark.parametrize(
    ("shape", "parameters", "rendered"),
    [
        ("IMAGE", [{"type": "image", "image": {"link": "https://x.example/cake.jpg"}}], "(image)"),
        ("DOCUMENT", [{"type": "document", "document": {"filename": "menu.pdf"}}], "(document: menu.pdf)"),
        ("LOCATION", [{"type": "location", "location": {"name": "Bakery"}}], "Bakery"),
        ("VIDEO", [], "(video)"),
    ],
)
def test_a_header_that_is_not_text(shape, parameters, rendered):
    components = [{"type": "HEADER", "format": shape}, body("Look")]
    assert render(components, [{"type": "header", "parameters": parameters}]) == f"{rendered}\n\nLook"


def test_the_cards_of_a_carousel_follow_the_body():
    card = {"components": [body("Cake of the day: {{1}}"), {"type": "buttons", "buttons": [{"text": "Order"}]}]}
    components = [body("Our cakes"), {"type": "CAROUSEL", "cards": [card, card]}]
    sent = [{"type": "carousel", "cards": [{"card_index": 1, "components": [texts("lemon")]}]}]
    assert render(components, sent) == (
        "Our cakes\n\nCake of the day: {{1}}\n\n[Order]\n\nCake of the day: lemon\n\n[Order]"
    )


def test_a_limited_offer_stands_above_the_body():
    offer = {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {"text": "Ends tonight"}}
    assert render([body("All cakes"), offer], []) == "Ends tonight\n\nAll cakes"


@pytest.mark.parametrize("components", [None, [], "x", [1, None], [{}], [{"type": "BUTTONS", "buttons": 5}]])
def test_nothing_is_rendered_from_what_is_no_template(components):
    assert render(components, [texts("Amina")]) == ""


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ({"name": "cake_ready"}, "cake_ready"),
        ({"name": "cake_ready", "components": [texts("Amina", "10:00")]}, "cake_ready: Amina, 10:00"),
        ({"name": "cake_ready", "components": [named(customer="Amina")]}, "cake_ready: customer: Amina"),
        ({"name": "order", "components": SENT}, "order: #77, Amina, Saturday, A77, CAKE10"),
        ({"content_sid": "HX1", "components": [texts("Amina")]}, "HX1: Amina"),
        ({"name": "cake_ready", "components": "broken"}, "cake_ready"),
    ],
)
def test_a_template_that_is_not_known_is_its_name_and_parameters(template, words):
    assert describe(template) == words
