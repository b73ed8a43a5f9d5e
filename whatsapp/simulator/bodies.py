"""Builds webhook bodies as Meta and Twilio post them, for trying the site without either. Nothing is sent here.

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

BUSINESS_NUMBER: Final = "15550783881"
# Meta escapes some ASCII as well, so a signature over anything but the raw bytes fails here too.
_ESCAPED_TOO: Final = {"/": "\\/", "@": "\\u0040", "<": "\\u003C", "%": "\\u0025"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who writes: a phone number (E.164), a user id where WhatsApp hides the number, or both."""

    phone: str = ""
    user_id: str = ""
    name: str = ""

    @property
    def digits(self) -> str:
        return self.phone.removeprefix("+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the customer wrote. `target` is the message that a reaction, edit or deletion is about, or a reply's."""

    kind: str = "text"
    text: str = ""
    target: str = ""
    advertisement: str = ""


def _media(**fields: Any) -> Callable[[Said], Json]:
    file = {"id": "1003383421387256", "sha256": "SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI="}
    return lambda said: file | fields | ({"caption": said.text} if said.text else {})


def _contacts(said: Said) -> list[Json]:
    phones = [{"phone": "+49 30 901820", "type": "WORK"}]
    return [{"name": {"formatted_name": said.text or "Barbara J. Johnson"}, "phones": phones}]


# What the object named after the kind holds.
KINDS: Final[dict[str, Callable[[Said], Any]]] = {
    "text": lambda said: {"body": said.text or "Hello"},
    "image": _media(mime_type="image/jpeg"),
    "video": _media(mime_type="video/mp4"),
    "audio": lambda _: _media(mime_type="audio/ogg; codecs=opus", voice=True)(Said()),
    "document": _media(mime_type="application/pdf", filename="receipt.pdf"),
    "sticker": lambda _: _media(mime_type="image/webp", animated=False)(Said()),
    "location": lambda said: {"latitude": 52.48, "longitude": 13.43, "name": said.text or "Sonnenallee 1, Berlin"},
    "contacts": _contacts,
    "button": lambda said: {"payload": "yes", "text": said.text or "Yes"},
    "interactive": lambda said: {"type": "button_reply", "button_reply": {"id": "1", "title": said.text or "Yes"}},
    "order": lambda said: {
        "catalog_id": "194836987003835",
        "text": said.text,
        "product_items": [{"product_retailer_id": "cake", "quantity": 2, "item_price": 30, "currency": "EUR"}],
    },
    "reaction": lambda said: {"message_id": said.target, "emoji": said.text or "👍"},
    "edit": lambda said: {
        "original_message_id": said.target,
        "message": {"type": "text", "text": {"body": said.text or "Hello, edited"}},
    },
    "revoke": lambda said: {"original_message_id": said.target},
    "unsupported": lambda _: {"type": "poll_creation"},
}
# What the owner types on the phone, in the WhatsApp Business app: it went out, and statuses may follow.
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


def meta_message(*, channel: str, customer: Customer, said: Said, message_id: str) -> bytes:
    sender = {"from": customer.digits, "from_user_id": customer.user_id}
    message: Json = {key: found for key, found in sender.items() if found}
    message |= {"id": message_id, "timestamp": str(int(time.time())), "type": said.kind}
    message[said.kind] = KINDS[said.kind](said)
    if said.target and said.kind not in ABOUT_ANOTHER:
        message["context"] = {"from": BUSINESS_NUMBER, "id": said.target}
    if said.kind == "unsupported":
        message["errors"] = [_UNSUPPORTED_ERROR]
    if said.advertisement:
        message["referral"] = {
            "source_url": "https://fb.me/3cr4Wqqkv",
            "source_id": "120226305854810726",
            "source_type": "ad",
            "headline": said.advertisement,
            "body": "Message us to order.",
            "media_type": "image",
        }
    who = {"profile": {"name": customer.name}, "wa_id": customer.digits, "user_id": customer.user_id}
    return _meta(channel, contacts=[{key: found for key, found in who.items() if found}], messages=[message])


def meta_echo(*, channel: str, customer: Customer, said: Said, message_id: str) -> bytes:
    """What the owner wrote to the customer (Meta, smb_message_echoes webhook reference)."""
    sent: Json = {"from": BUSINESS_NUMBER, "to": customer.digits, "to_user_id": customer.user_id}
    sent = {key: found for key, found in sent.items() if found}
    sent |= {"id": message_id, "timestamp": str(int(time.time())), "type": "text", "text": KINDS["text"](said)}
    if said.target:
        sent["context"] = {"from": customer.digits, "id": said.target}
    return _meta(channel, "smb_message_echoes", message_echoes=[sent])


def meta_status(*, channel: str, customer: Customer, status: str, message_id: str, callback_data: str = "") -> bytes:
    told: Json = {"id": message_id, "status": status, "timestamp": str(int(time.time()))}
    if callback_data:
        told["biz_opaque_callback_data"] = callback_data
    if customer.digits:
        told["recipient_id"] = customer.digits
    if customer.user_id:
        told["recipient_user_id"] = customer.user_id
    if status == "failed":
        told["errors"] = [_STATUS_ERROR]
    return _meta(channel, statuses=[told])


def twilio_message(*, channel: str, customer: Customer, said: Said, message_id: str) -> list[tuple[str, str]]:
    """The parameters of the form; `channel` is the business's number."""
    return [
        *(("MessageSid", message_id), ("SmsMessageSid", message_id), ("AccountSid", "AC" + "0" * 32)),
        *(("From", f"whatsapp:{customer.phone}"), ("To", f"whatsapp:{channel}")),
        *(("WaId", customer.digits), ("ProfileName", customer.name), ("Body", said.text or "Hello")),
        *(("NumMedia", "0"), ("MessageType", "text"), ("SmsStatus", "received")),
    ]


def twilio_status(*, channel: str, customer: Customer, status: str, message_id: str) -> list[tuple[str, str]]:
    parameters = [
        *(("MessageSid", message_id), ("MessageStatus", status), ("AccountSid", "AC" + "0" * 32)),
        *(("From", f"whatsapp:{channel}"), ("To", f"whatsapp:{customer.phone}")),
    ]
    return [*parameters, ("ErrorCode", "63016")] if status == "failed" else parameters


def as_form(parameters: list[tuple[str, str]]) -> bytes:
    return urlencode(parameters).encode("ascii")


def _meta(channel: str, field: str = "messages", /, **parts: Any) -> bytes:
    metadata = {"display_phone_number": BUSINESS_NUMBER, "phone_number_id": channel}
    value = {"messaging_product": "whatsapp", "metadata": metadata} | parts
    entry = {"id": "102290129340398", "changes": [{"field": field, "value": value}]}
    text = json.dumps({"object": "whatsapp_business_account", "entry": [entry]})
    for character, escaped in _ESCAPED_TOO.items():
        text = text.replace(character, escaped)
    return text.encode("ascii")
