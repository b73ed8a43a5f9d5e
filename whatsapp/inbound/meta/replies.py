"""The text of answers to what the business sent or offers: buttons, lists, forms, payments, orders.

Shapes: Meta, Messages webhook reference (interactive, button, order) and the pages on flows, addresses and payments.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from whatsapp.inbound.form_answers import answers_of, form_text, readable_name
from whatsapp.json_parts import object_of, objects_of, text_of

Json = dict[str, Any]

# Ids that mean nothing to a person; the message keeps them in its extras.
_IDS: Final = {"id", "type", "payload", "catalog_id", "credential_id", "payment_timestamp"}
_PAID: Final = {"captured", "success", "completed"}
_MAX_DIGITS: Final = 15


def interactive_text(message: Json) -> str:
    part = object_of(message.get("interactive"))
    kind = text_of(part.get("type"))
    if not kind:
        kind = next((name for name in _REPLIES if name in part), "")
    reply = object_of(part.get(kind))
    return _REPLIES.get(kind, _other_reply)(reply)


def button_text(message: Json) -> str:
    button = object_of(message.get("button"))
    return text_of(button.get("text")) or text_of(button.get("payload"))


def order_text(message: Json) -> str:
    """Return a line for each item, the total, and what the customer wrote with the order."""
    order = object_of(message.get("order"))
    items = objects_of(order.get("product_items"))
    total = _total(items) if len(items) > 1 or any(_number(item.get("quantity")) != 1 for item in items) else ""
    lines = [*map(_item, items), f"Total: {total}" if total else "", text_of(order.get("text"))]
    return "\n".join(line for line in lines if line)


def payment_text(message: Json) -> str:
    """Return what became of a payment: "Paid 210 INR (reference r1)"."""
    payment = object_of(message.get("payment"))
    amount = object_of(payment.get("amount"))
    value, offset = _number(amount.get("value")), _number(amount.get("offset")) or Decimal(1)
    sum_ = _amount(None if value is None else value / offset, text_of(payment.get("currency")))
    state = text_of(payment.get("status")).lower()
    reference = text_of(payment.get("reference_id"))
    words = f"Payment of {sum_}" if sum_ else "Payment"
    outcome = f"Paid {sum_}" if state in _PAID else f"{words} {state.replace('_', ' ')}"
    return f"{outcome.strip()} (reference {reference})" if reference else outcome.strip()


def product_question(message: Json) -> str:
    """Return the line that names the product which a message asks about; '' where it asks about none."""
    product = object_of(object_of(message.get("context")).get("referred_product"))
    number = text_of(product.get("product_retailer_id"))
    return f"(about the product {number})" if number else ""


def _item(item: Json) -> str:
    product = text_of(item.get("product_retailer_id")) or "?"
    price = _amount(_number(item.get("item_price")), text_of(item.get("currency")))
    quantity = _plain(_number(item.get("quantity")))
    each = "" if quantity == "1" else " each"
    return f"{quantity} × {product}" + (f", {price}{each}" if price else "")


def _total(items: list[Json]) -> str:
    """Return the sum for each currency; '' where a quantity or price is not known."""
    sums: dict[str, Decimal] = {}
    for item in items:
        quantity, price = _number(item.get("quantity")), _number(item.get("item_price"))
        if quantity is None or price is None:
            return ""
        currency = text_of(item.get("currency"))
        sums[currency] = sums.get(currency, Decimal(0)) + quantity * price
    return " + ".join(_amount(amount, currency) for currency, amount in sums.items())


def _number(found: Any) -> Decimal | None:
    """Return a quantity or price, which Meta gives as a number or as text; None for anything else."""
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        number = Decimal(str(found).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 <= number < 10**_MAX_DIGITS else None


def _amount(number: Decimal | None, currency: str) -> str:
    if number is None:
        return ""
    plain = f"{number:.2f}".removesuffix(".00")
    return f"{plain} {currency}".strip()


def _plain(number: Decimal | None) -> str:
    return "?" if number is None else f"{number.normalize():f}"


def _list_reply(reply: Json) -> str:
    return " – ".join(part for part in (text_of(reply.get("title")), text_of(reply.get("description"))) if part)


def _form_reply(reply: Json) -> str:
    return form_text(reply.get("response_json"), text_of(reply.get("body")))


def _payment(reply: Json) -> str:
    method = readable_name(text_of(reply.get("payment_method")))
    fields = {
        "Payment": method,
        "Card ending in": text_of(reply.get("last_four_digits")),
        "Reference": text_of(reply.get("reference_id")),
    }
    return "\n".join(f"{name}: {text}" for name, text in fields.items() if text)


def _call_permission(reply: Json) -> str:
    answers = {"accept": "Allows you to call", "reject": "Does not allow you to call"}
    return answers.get(text_of(reply.get("response")), "")


def _other_reply(reply: Json) -> str:
    """Return what a reply of a kind that is not known says, as far as it can be read."""
    body = reply.get("body")
    texts = (text_of(reply.get("title")), text_of(body) or text_of(object_of(body).get("text")))
    found = " – ".join(text for text in texts if text) or text_of(reply.get("caption"))
    return found or answers_of({key: part for key, part in reply.items() if key not in _IDS})


_REPLIES: Final[dict[str, Callable[[Json], str]]] = {
    "button_reply": lambda reply: text_of(reply.get("title")),
    "list_reply": _list_reply,
    "nfm_reply": _form_reply,
    "address_message": _form_reply,
    "payment_method": _payment,
    "call_permission_reply": _call_permission,
}
