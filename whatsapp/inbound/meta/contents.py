"""The content and the extras of a message of each kind.

Shapes: Meta, Messages webhook reference, one page per kind. Nearly every part is optional there, and any may be
missing or of another type. Media are never fetched.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from conversations.models import KIND_MAX_LENGTH
from whatsapp.json_parts import error_details, object_of, objects_of, text_of

Json = dict[str, Any]

# Keys that have fields of their own in the event.
_EVENT_KEYS: Final = frozenset(("id", "from", "from_user_id", "to", "to_user_id", "timestamp", "type", "text"))
# The key with the id of the message that this one is about.
_TARGETS: Final = {"edit": "original_message_id", "revoke": "original_message_id", "reaction": "message_id"}


def kind_of(message: Json) -> str:
    """Return the kind of a message: its `type`, else the one kind whose object it has, else "unknown"."""
    found = message.get("type")
    if isinstance(found, str) and found.strip():
        return found[:KIND_MAX_LENGTH]
    likely = [kind for kind in _READERS if kind in message]
    return likely[0] if len(likely) == 1 else "unknown"


def content_of(kind: str, message: Json) -> str:
    """Return the readable text of a message of this kind; '' where it has none."""
    read = _READERS.get(kind)
    content = read(message) if read else _body_or_caption(message.get(kind)) or _text(message)
    if not content and not message.get(kind):
        # The object of the kind may be missing, with an error in its place.
        return _in_brackets(_reason(message))
    return content


def extras_of(kind: str, message: Json) -> Json:
    """Return what is stored besides the content: the object of the kind, context, referral, errors and unknown keys.

    `target` is the id of the message that an edit, a revocation or a reaction is about.
    """
    extras = {key: found for key, found in message.items() if key not in _EVENT_KEYS}
    text = message.get("text")
    if kind == "text":
        text = _without_body(text)
    if text:
        extras["text"] = text
    if kind in _TARGETS:
        target = text_of(object_of(message.get(kind)).get(_TARGETS[kind]))
        if target:
            extras["target"] = target
    return extras


def _without_body(text: Any) -> Any:
    if isinstance(text, dict) and text_of(text.get("body")):
        return {key: found for key, found in text.items() if key != "body"}
    return None if isinstance(text, str) else text


def _in_brackets(text: str) -> str:
    return f"({text})" if text else ""


def _body_or_caption(part: Any) -> str:
    """Return the text of an object, also of kinds that are not known."""
    if isinstance(part, str):
        return part
    found = object_of(part)
    return text_of(found.get("body")) or text_of(found.get("caption"))


def _reason(message: Json) -> str:
    """Return why Meta could not give the message."""
    error = next(iter(objects_of(message.get("errors"))), {})
    return text_of(error.get("title")) or text_of(error.get("message")) or error_details(error)


def _text(message: Json) -> str:
    return _body_or_caption(message.get("text"))


def _caption(kind: str) -> Callable[[Json], str]:
    return lambda message: text_of(object_of(message.get(kind)).get("caption"))


def _document(message: Json) -> str:
    document = object_of(message.get("document"))
    return text_of(document.get("caption")) or text_of(document.get("filename"))


def _location(message: Json) -> str:
    place = object_of(message.get("location"))
    degrees = [_degrees(place.get(key)) for key in ("latitude", "longitude")]
    point = f"({degrees[0]}, {degrees[1]})" if all(degrees) else ""
    named = ", ".join(part for part in (text_of(place.get("name")), text_of(place.get("address"))) if part)
    return " ".join(part for part in (named, point) if part)


def _degrees(found: Any) -> str:
    # Five decimals are a metre.
    return str(round(found, 5)) if isinstance(found, float) else text_of(found)


def _contacts(message: Json) -> str:
    return "; ".join(card for card in map(_card, objects_of(message.get("contacts"))) if card)


def _card(contact: Json) -> str:
    name = object_of(contact.get("name"))
    first_last = " ".join(part for part in (text_of(name.get("first_name")), text_of(name.get("last_name"))) if part)
    company = text_of(object_of(contact.get("org")).get("company"))
    phones = [text_of(phone.get("phone")) or text_of(phone.get("wa_id")) for phone in objects_of(contact.get("phones"))]
    emails = [text_of(email.get("email")) for email in objects_of(contact.get("emails"))]
    title = text_of(name.get("formatted_name")) or first_last or company
    return ", ".join(part for part in (title, *phones, *emails) if part)


def _button(message: Json) -> str:
    button = object_of(message.get("button"))
    return text_of(button.get("text")) or text_of(button.get("payload"))


def _order(message: Json) -> str:
    order = object_of(message.get("order"))
    items = ", ".join(
        f"{text_of(item.get('quantity')) or '?'} × {text_of(item.get('product_retailer_id')) or '?'}"
        for item in objects_of(order.get("product_items"))
    )
    return ": ".join(part for part in (items, text_of(order.get("text"))) if part)


def _reaction(message: Json) -> str:
    reaction = object_of(message.get("reaction"))
    return text_of(reaction.get("emoji")) or (_in_brackets("reaction removed") if reaction else "")


def _unsupported(message: Json) -> str:
    return _in_brackets(_reason(message) or "unsupported message")


def _edit(message: Json) -> str:
    edited = object_of(object_of(message.get("edit")).get("message"))
    kind = kind_of(edited)
    # There are no edits of edits.
    return "" if kind == "edit" else content_of(kind, edited)


def _system(message: Json) -> str:
    return text_of(object_of(message.get("system")).get("body"))


def _interactive(message: Json) -> str:
    part = object_of(message.get("interactive"))
    kind = text_of(part.get("type"))
    if not kind:
        kind = next((name for name in _REPLIES if name in part), "")
    reply = object_of(part.get(kind))
    read = _REPLIES.get(kind)
    return read(reply) if read else text_of(reply.get("title")) or _body_or_caption(reply)


def _list_reply(reply: Json) -> str:
    return " – ".join(part for part in (text_of(reply.get("title")), text_of(reply.get("description"))) if part)


def _form_reply(reply: Json) -> str:
    # Meta gives the answers of a form as JSON inside a text.
    answers = reply.get("response_json")
    if not isinstance(answers, str):
        answers = json.dumps(answers, ensure_ascii=False) if answers else ""
    return text_of(reply.get("body")) or answers


def _payment(reply: Json) -> str:
    return ", ".join(part for key in ("payment_method", "reference_id") if (part := text_of(reply.get(key))))


def _call_permission(reply: Json) -> str:
    return _in_brackets(f"call permission: {answer}") if (answer := text_of(reply.get("response"))) else ""


_REPLIES: Final[dict[str, Callable[[Json], str]]] = {
    "button_reply": lambda reply: text_of(reply.get("title")),
    "list_reply": _list_reply,
    "nfm_reply": _form_reply,
    "payment_method": _payment,
    "call_permission_reply": _call_permission,
}

_READERS: Final[dict[str, Callable[[Json], str]]] = {
    "text": _text,
    **{kind: _caption(kind) for kind in ("image", "video", "audio", "voice", "sticker")},
    "document": _document,
    "location": _location,
    "contacts": _contacts,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
    "reaction": _reaction,
    "system": _system,
    "request_welcome": lambda _: "(opened the chat)",
    "edit": _edit,
    "revoke": lambda _: "(message deleted)",
    "unsupported": _unsupported,
}
