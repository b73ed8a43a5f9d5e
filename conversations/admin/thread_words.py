"""The words and signs that stand for what messages are. See thread.py."""

import unicodedata
from typing import Final

# What stands beside a message that is more than text: icon (fonts.google.com/icons) and word.
CHIPS: Final = {
    "image": ("image", "Photo"),
    "video": ("videocam", "Video"),
    "audio": ("music_note", "Audio"),
    "voice": ("mic", "Voice message"),
    "document": ("description", "Document"),
    "sticker": ("mood", "Sticker"),
    "media_placeholder": ("perm_media", "Photo, video or file"),
    "location": ("location_on", "Location"),
    "contacts": ("contact_page", "Contact"),
    "interactive": ("touch_app", "Chose"),
    "button": ("touch_app", "Tapped"),
    "order": ("shopping_cart", "Order"),
    "call": ("call", "Call"),
    "template": ("draft", "Template"),
    "edit": ("edit", "Edited an earlier message"),
}
NOTICES: Final = {
    "system": "WhatsApp: something about this customer changed",
    "request_welcome": "Opened the chat",
    "unsupported": "A message that WhatsApp did not pass on",
    "unknown": "A message that WhatsApp did not pass on",
}
# How a message came that the customer did not simply write to the business, by the name in its extras.
LABELS: Final = {
    "group_id": "in a group",
    "echo": "from the phone",
    "history": "old thread",
    "standby": "answered by Meta's agent",
}
# What the readers of deliveries write where a reaction is taken back.
REACTION_GONE: Final = ("", "(reaction removed)")
# How far a message came that went out: icon and word.
TICKS: Final = {
    "queued": ("schedule", "Queued"),
    "sending": ("schedule", "Sending"),
    "sent": ("check", "Sent"),
    "delivered": ("done_all", "Delivered"),
    "read": ("done_all", "Read"),
    "played": ("done_all", "Played"),
    "failed": ("error", "Not sent"),
    "unknown": ("help", "Perhaps sent"),
}
# Spaces, line ends and other signs without ink: Unicode's categories, and three that count as letters or symbols.
_INKLESS_CATEGORIES: Final = ("Cc", "Cf", "Zl", "Zp", "Zs")
_INKLESS: Final = "\u2800\u3164\uffa0"


def seen(text: str) -> str:
    """The text; nothing where there is no ink in it."""
    ink = any(sign not in _INKLESS and unicodedata.category(sign) not in _INKLESS_CATEGORIES for sign in text)
    return text if ink else ""
