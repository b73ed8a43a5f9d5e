"""The words for messages that Meta does not pass on: "unsupported" says in some cases what they were.

Meta, Unsupported messages webhook reference.
"""

from typing import Any, Final

from whatsapp.json_parts import object_of, text_of

_NOT_PASSED_ON: Final = "; WhatsApp did not pass it on"
# The value of `unsupported.type` -> what the customer did. Other values say nothing about it.
_SENT: Final = {
    "audio": "Sent an audio message",
    "contacts": "Sent a contact",
    "document": "Sent a document",
    "event": "Sent an invitation to an event",
    "event_creation": "Sent an invitation to an event",
    "gif": "Sent a GIF",
    "group_invite": "Sent an invitation to a group",
    "hsm": "Sent a template",
    "image": "Sent a photo",
    "interactive": "Sent a message with buttons",
    "link_preview": "Sent a link",
    "list": "Sent a list",
    "location": "Sent a location",
    "media_placeholder": "Sent a photo, video or file",
    "order": "Sent an order",
    "poll": "Sent a poll",
    "poll_creation": "Sent a poll",
    "product": "Sent a product",
    "sticker": "Sent a sticker",
    "video": "Sent a video",
    "view_once": "Sent a photo or video that can be viewed once",
}
_DID: Final = {
    "button": "Tapped a button; WhatsApp did not say which",
    "edit": "Edited a message; WhatsApp did not pass on the new text",
    "keep_in_chat": "Kept a message from disappearing",
    "pin": "Pinned a message",
    "pin_in_chat": "Pinned a message",
    "poll_update": "Voted in a poll; WhatsApp did not pass on the answer",
    "reaction": "Reacted to a message; WhatsApp did not say how",
    "revoke": "Deleted a message",
}
# What is no message: it opens and reopens nothing.
_SIGNS: Final = frozenset(_DID) - {"button"}


def placeholder_text(message: dict[str, Any]) -> str:
    """Return what the customer did, where Meta says so, otherwise ''."""
    kind = _what(message)
    return _SENT[kind] + _NOT_PASSED_ON if kind in _SENT else _DID.get(kind, "")


def is_unsupported_sign(message: dict[str, Any]) -> bool:
    """Whether Meta says that it was no message: an edit, a reaction, a pin …"""
    return _what(message) in _SIGNS


def _what(message: dict[str, Any]) -> str:
    """What the message was, a key of _SENT or _DID; '' where Meta does not say so."""
    part = object_of(message.get("unsupported"))
    kinds = (text_of(part.get(key)).lower() for key in ("type", "raw_type"))
    return next((kind for kind in kinds if kind in _SENT or kind in _DID), "")
