"""The words for messages that Meta does not pass on: "unsupported" says in some cases what they were.

Meta, Unsupported messages webhook reference.
"""

from typing import Any, Final

from whatsapp.json_parts import object_of, text_of

_NOT_PASSED_ON: Final = "; WhatsApp did not pass it on"
# The value of `unsupported.type` -> what the customer did. Other values say nothing about it.
_SENT: Final = {
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
    "poll_creation": "Sent a poll",
    "product": "Sent a product",
}
_DID: Final = {
    "button": "Tapped a button; WhatsApp did not say which",
    "edit": "Edited a message; WhatsApp did not pass on the new text",
    "keep_in_chat": "Kept a message from disappearing",
    "pin": "Pinned a message",
    "poll_update": "Voted in a poll; WhatsApp did not pass on the answer",
    "reaction": "Reacted to a message; WhatsApp did not say how",
}


def placeholder_text(message: dict[str, Any]) -> str:
    """Return what the customer did, where Meta says so, otherwise ''."""
    part = object_of(message.get("unsupported"))
    kinds = (text_of(part.get("type")), text_of(part.get("raw_type")))
    for kind in kinds:
        if kind in _SENT:
            return _SENT[kind] + _NOT_PASSED_ON
        if kind in _DID:
            return _DID[kind]
    return ""
