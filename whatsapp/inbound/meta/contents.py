"""The content and the extras of a message of each kind.

Shapes: Meta, Messages webhook reference, one page per kind. Nearly every part is optional there, and any may be
missing or of another type.
"""

from collections.abc import Callable
from typing import Any, Final

from conversations.incoming import PLACEHOLDER_KINDS
from conversations.models import KIND_MAX_LENGTH
from whatsapp.inbound.meta.placeholders import is_unsupported_sign, placeholder_text
from whatsapp.inbound.meta.replies import button_text, interactive_text, order_text, payment_text, product_question
from whatsapp.json_parts import error_details, object_of, objects_of, text_of
from whatsapp.message_templates.rendering import describe
from whatsapp.wamids import token_of

Json = dict[str, Any]

# Keys that have fields of their own in the event.
_EVENT_KEYS: Final = frozenset(
    [
        "id",
        "from",
        "from_user_id",
        "to",
        "to_user_id",
        "recipient",
        "recipient_type",
        "timestamp",
        "type",
        "text",
        "messaging_product",
        "biz_opaque_callback_data",
    ]
)
_SIGNS: Final = frozenset(("reaction", "edit", "revoke", "request_welcome"))
# The key with the id of the message that this one is about.
_TARGETS: Final = {"edit": "original_message_id", "revoke": "original_message_id", "reaction": "message_id"}


def kind_of(message: Json) -> str:
    """Return the kind of a message: its `type`, else the one kind whose object it has, else "unknown"."""
    found = message.get("type")
    if isinstance(found, str) and found.strip():
        return found[:KIND_MAX_LENGTH]
    likely = [kind for kind in _READERS if kind in message]
    return likely[0] if len(likely) == 1 else "unknown"


def is_sign(message: Json) -> bool:
    """Whether it is no message: a reaction, an edit, a deletion, the opening of the chat, a permission to call.

    Meta's "unsupported" is a sign where it replaces one.
    """
    kind = kind_of(message)
    part = object_of(message.get(kind))
    if kind == "interactive":
        return text_of(part.get("type")) == "call_permission_reply" or "call_permission_reply" in part
    if kind == "unsupported":
        return is_unsupported_sign(message)
    return kind in _SIGNS


def content_of(kind: str, message: Json) -> str:
    """Return the readable text of a message of this kind; '' where it has none."""
    read = _READERS.get(kind)
    content = read(message) if read else _body_or_caption(message.get(kind)) or _text(message)
    if not content and not message.get(kind) and kind not in PLACEHOLDER_KINDS:
        # The object of the kind may be missing, with an error in its place.
        content = _in_brackets(_reason(message))
    about = product_question(message) if "context" in message else ""
    return f"{content}\n{about}".strip("\n") if about else content


def extras_of(kind: str, message: Json) -> Json:
    """Return what is stored besides the content: the object of the kind, context, referral, errors and unknown keys.

    `target` is the id of the message that an edit, a revocation or a reaction is about. `reference_token` is the token
    of that id, or of the quoted message's.
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
    reference = extras.get("target") or text_of(object_of(message.get("context")).get("id"))
    if token := token_of(reference):
        extras["reference_token"] = token
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


def _reaction(message: Json) -> str:
    reaction = object_of(message.get("reaction"))
    return text_of(reaction.get("emoji")) or (_in_brackets("reaction removed") if reaction else "")


def _edit(message: Json) -> str:
    edited = object_of(object_of(message.get("edit")).get("message"))
    kind = kind_of(edited)
    # There are no edits of edits.
    return "" if kind == "edit" else content_of(kind, edited)


def _template(message: Json) -> str:
    template = message.get("template")
    return describe(object_of(template)) or _body_or_caption(template)


def _system(message: Json) -> str:
    return text_of(object_of(message.get("system")).get("body"))


_READERS: Final[dict[str, Callable[[Json], str]]] = {
    "text": _text,
    **{kind: _caption(kind) for kind in ("image", "video", "audio", "voice", "sticker")},
    "document": _document,
    "location": _location,
    "contacts": _contacts,
    "interactive": interactive_text,
    "button": button_text,
    "order": order_text,
    "payment": payment_text,
    "reaction": _reaction,
    "template": _template,
    "system": _system,
    "request_welcome": lambda _: "",
    "edit": _edit,
    "revoke": lambda _: "",
    "unsupported": placeholder_text,
    "unknown": placeholder_text,
}
