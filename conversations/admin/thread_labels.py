"""Icons and labels of message kinds and statuses in the thread (thread.py)."""

import unicodedata
from typing import Final

# Kind -> icon (fonts.google.com/icons) and label, for messages that are more than text.
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
    "unsupported": "A message that WhatsApp did not deliver here",
    "unknown": "A message that WhatsApp did not deliver here",
}
# Name in the extras -> label of messages that did not come directly from the customer to the business.
LABELS: Final = {
    "group_id": "in a group",
    "echo": "from the phone",
    "history": "imported history",
    "standby": "answered by Meta's agent",
}
# The content of a removed reaction, as whatsapp/inbound stores it.
REACTION_GONE: Final = ("", "(reaction removed)")
# Status of an outgoing message -> icon and label.
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
# Invisible characters: Unicode categories, and three characters that Unicode counts as letters or symbols.
_INVISIBLE_CATEGORIES: Final = ("Cc", "Cf", "Zl", "Zp", "Zs")
_INVISIBLE: Final = "\u2800\u3164\uffa0"


def visible_text(text: str) -> str:
    """Return the text, or "" where it has no visible character."""
    visible = any(char not in _INVISIBLE and unicodedata.category(char) not in _INVISIBLE_CATEGORIES for char in text)
    return text if visible else ""
