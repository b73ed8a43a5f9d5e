"""Builds webhook bodies as Meta and Twilio post them, for use without either. Does not post them.

Shapes: Meta, Messages webhook reference; Twilio, "Twilio's request to your incoming message webhook URL".
"""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

Json = dict[str, Any]

NO_ACCOUNT: Final = "AC" + "0" * 32
BUSINESS_NUMBER: Final = "15550783881"
# Meta escapes some ASCII characters too, so a signature over anything but the raw bytes fails here as well.
_ESCAPED_TOO: Final = {"/": "\\/", "@": "\\u0040", "<": "\\u003C", "%": "\\u0025"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """The sender: a phone number (E.164), a user id where WhatsApp hides the number, or both."""

    phone: str = ""
    user_id: str = ""
    name: str = ""

    @property
    def digits(self) -> str:
        return self.phone.removeprefix("+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The content of a message. `target`: the message that a reaction, edit, deletion or reply is about."""

    kind: str = "text"
    text: str = ""
    target: str = ""
    advertisement: str = ""


def _media(**fields: Any) -> Callable[[Content], Json]:
    file = {"id": "1003383421387256", "sha256": "SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI="}
    return lambda content: file | fields | ({"caption": content.text} if content.text else {})


def _contacts(content: Content) -> list[Json]:
    phones = [{"phone": "+49 30 901820", "type": "WORK"}]
    return [{"name": {"formatted_name": content.text or "Barbara J. Johnson"}, "phones": phones}]


# The content of the object named after the kind.
KINDS: Final[dict[str, Callable[[Content], Any]]] = {
    "text": lambda content: {"body": content.text or "Hello"},
    "image": _media(mime_type="image/jpeg"),
    "video": _media(mime_type="video/mp4"),
    "audio": lambda _: _media(mime_type="audio/ogg; codecs=opus", voice=True)(Content()),
    "document": _media(mime_type="application/pdf", filename="receipt.pdf"),
    "sticker": lambda _: _media(mime_type="image/webp", animated=False)(Content()),
    "location": lambda content: {
        "latitude": 52.48,
        "longitude": 13.43,
        "name": content.text or "Sonnenallee 1, Berlin",
    },
    "contacts": _contacts,
    "button": lambda content: {"payload": "yes", "text": content.text or "Yes"},
    "interactive": lambda content: {
        "type": "button_reply",
        "button_reply": {"id": "1", "title": content.text or "Yes"},
    },
    "order": lambda content: {
        "catalog_id": "194836987003835",
        "text": content.text,
        "product_items": [{"product_retailer_id": "cake", "quantity": 2, "item_price": 30, "currency": "EUR"}],
    },
    "reaction": lambda content: {"message_id": content.target, "emoji": content.text or "👍"},
    "edit": lambda content: {
        "original_message_id": content.target,
        "message": {"type": "text", "text": {"body": content.text or "Hello, edited"}},
    },
    "revoke": lambda content: {"original_message_id": content.target},
    "unsupported": lambda _: {"type": "poll_creation"},
}
# A message that the owner writes in the WhatsApp Business app: outgoing, and statuses may follow.
ECHO: Final = "echo"
ABOUT_ANOTHER: Final = ("reaction", "edit", "revoke")
_UNSUPPORTED_ERROR: Final = {
    "code": 131051,
    "title": "Message type unknown",
    "message": "Message type unknown",
    "error_data": {"details": "Message type is currently not supported."},
}
_STATUS_ERROR: Final = {
    "code": 131026,
    "title": "Message undeliverable",
    "message": "Message undeliverable",
    "error_data": {"details": "Message Undeliverable."},
}


def new_message_id() -> str:
    return f"wamid.{secrets.token_hex(20).upper()}"


def meta_message(
    *, channel: str, customer: Customer, content: Content, message_id: str, at: float | None = None
) -> bytes:
    """`at`: when it was written, in seconds since 1970; default: now."""
    sender = {"from": customer.digits, "from_user_id": customer.user_id}
    message: Json = {key: found for key, found in sender.items() if found}
    message |= {"id": message_id, "timestamp": _timestamp(at), "type": content.kind}
    message[content.kind] = KINDS[content.kind](content)
    if content.target and content.kind not in ABOUT_ANOTHER:
        message["context"] = {"from": BUSINESS_NUMBER, "id": content.target}
    if content.kind == "unsupported":
        message["errors"] = [_UNSUPPORTED_ERROR]
    if content.advertisement:
        message["referral"] = {
            "source_url": "https://fb.me/3cr4Wqqkv",
            "source_id": "120226305854810726",
            "source_type": "ad",
            "headline": content.advertisement,
            "body": "Message us to order.",
            "media_type": "image",
        }
    who = {"profile": {"name": customer.name}, "wa_id": customer.digits, "user_id": customer.user_id}
    return _meta(channel, contacts=[{key: found for key, found in who.items() if found}], messages=[message])


def meta_echo(*, channel: str, customer: Customer, content: Content, message_id: str, at: float | None = None) -> bytes:
    """A message from the owner to the customer (Meta, smb_message_echoes webhook reference)."""
    sent: Json = {"from": BUSINESS_NUMBER, "to": customer.digits, "to_user_id": customer.user_id}
    sent = {key: found for key, found in sent.items() if found}
    sent |= {"id": message_id, "timestamp": _timestamp(at), "type": "text", "text": KINDS["text"](content)}
    if content.target:
        sent["context"] = {"from": customer.digits, "id": content.target}
    return _meta(channel, "smb_message_echoes", message_echoes=[sent])


def meta_status(
    *,
    channel: str,
    customer: Customer,
    status: str,
    message_id: str,
    callback_data: str = "",
    at: float | None = None,
) -> bytes:
    report: Json = {"id": message_id, "status": status, "timestamp": _timestamp(at)}
    if callback_data:
        report["biz_opaque_callback_data"] = callback_data
    if customer.digits:
        report["recipient_id"] = customer.digits
    if customer.user_id:
        report["recipient_user_id"] = customer.user_id
    if status == "failed":
        report["errors"] = [_STATUS_ERROR]
    return _meta(channel, statuses=[report])


def twilio_message(
    *, channel: str, customer: Customer, content: Content, message_id: str, account: str = ""
) -> list[tuple[str, str]]:
    """Return the parameters of the form; `channel` is the business's number, `account` its AccountSid."""
    return [
        *(("MessageSid", message_id), ("SmsMessageSid", message_id), ("AccountSid", account or NO_ACCOUNT)),
        *(("From", f"whatsapp:{customer.phone}"), ("To", f"whatsapp:{channel}")),
        *(("WaId", customer.digits), ("ProfileName", customer.name), ("Body", content.text or "Hello")),
        *(("NumMedia", "0"), ("MessageType", "text"), ("SmsStatus", "received")),
    ]


def twilio_status(
    *, channel: str, customer: Customer, status: str, message_id: str, account: str = ""
) -> list[tuple[str, str]]:
    parameters = [
        *(("MessageSid", message_id), ("MessageStatus", status), ("AccountSid", account or NO_ACCOUNT)),
        *(("From", f"whatsapp:{channel}"), ("To", f"whatsapp:{customer.phone}")),
    ]
    return [*parameters, ("ErrorCode", "63016")] if status == "failed" else parameters


def as_form(parameters: list[tuple[str, str]]) -> bytes:
    return urlencode(parameters).encode("ascii")


def _timestamp(at: float | None) -> str:
    return str(int(time.time() if at is None else at))


def _meta(channel: str, field: str = "messages", /, **parts: Any) -> bytes:
    metadata = {"display_phone_number": BUSINESS_NUMBER, "phone_number_id": channel}
    value = {"messaging_product": "whatsapp", "metadata": metadata} | parts
    entry = {"id": "102290129340398", "changes": [{"field": field, "value": value}]}
    text = json.dumps({"object": "whatsapp_business_account", "entry": [entry]})
    for character, escaped in _ESCAPED_TOO.items():
        text = text.replace(character, escaped)
    return text.encode("ascii")
