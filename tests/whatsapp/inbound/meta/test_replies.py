"""Orders and payments as lines for people."""

import pytest

from tests.cases import each_case
from whatsapp.inbound.meta.replies import order_text, payment_text


def item(product="lemon", quantity=2, price=30, currency="EUR"):
    return {"product_retailer_id": product, "quantity": quantity, "item_price": price, "currency": currency}


@each_case(
    ("items", "lines"),
    [
        ([item()], "2 × lemon, 30 EUR each\nTotal: 60 EUR"),
        ([item(quantity="2", price="30.50")], "2 × lemon, 30.50 EUR each\nTotal: 61 EUR"),
        ([item(quantity=1, price=99.99)], "1 × lemon, 99.99 EUR"),
        (
            [item(), item("pistachio", 1, 25)],
            "2 × lemon, 30 EUR each\n1 × pistachio, 25 EUR\nTotal: 85 EUR",
        ),
        (
            [item(), item("postcard", "3", 1, "USD")],
            "2 × lemon, 30 EUR each\n3 × postcard, 1 USD each\nTotal: 60 EUR + 3 USD",
        ),
        ([item(price=0.1, quantity=3)], "3 × lemon, 0.10 EUR each\nTotal: 0.30 EUR"),
        ([item(price=None)], "2 × lemon"),
        ([item(), item(price=[1])], "2 × lemon, 30 EUR each\n2 × lemon"),
        ([item(quantity="many")], "? × lemon, 30 EUR each"),
        ([item(quantity=True, price="NaN", currency=5)], "? × lemon"),
        ([item(quantity=-1)], "? × lemon, 30 EUR each"),
        ([item(currency=None)], "2 × lemon, 30 each\nTotal: 60"),
        ([{}], "? × ?"),
        ([], ""),
        ("items", ""),
    ],
)
def test_an_order_says_each_item_and_the_total(items, lines):
    assert order_text({"order": {"product_items": items}}) == lines


def test_an_order_ends_with_what_the_customer_wrote():
    assert order_text({"order": {"text": "Love these!", "product_items": [item(quantity=1)]}}) == (
        "1 × lemon, 30 EUR\nLove these!"
    )
    assert order_text({"order": {"text": "Love these!"}}) == "Love these!"
    assert order_text({"order": "?"}) == ""


@pytest.mark.parametrize(
    ("payment", "text"),
    [
        (
            {"status": "captured", "amount": {"value": 21000, "offset": 100}, "currency": "INR", "reference_id": "r1"},
            "Paid 210 INR (reference r1)",
        ),
        (
            {"status": "failed", "amount": {"value": "2150", "offset": "100"}, "currency": "INR"},
            "Payment of 21.50 INR failed",
        ),
        ({"status": "pending", "amount": {"value": 5, "offset": 0}}, "Payment of 5 pending"),
        ({"status": "some_new_state"}, "Payment some new state"),
        ({"amount": 5}, "Payment"),
        ("paid", "Payment"),
    ],
)
def test_a_payment_says_what_became_of_it(payment, text):
    assert payment_text({"payment": payment}) == text
