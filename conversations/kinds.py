"""Words for the kinds of messages: what the thread, the details of leads and the API say of a message.

The text of a message is its content; the words of its kind stand in where it has none. The kinds are those that the
readers of deliveries store, the same for every provider. Kinds that are not in the table are shown by their names.
"""

from typing import Any, Final, NamedTuple

from conversations.visible_text import visible_text


class Words(NamedTuple):
    icon: str  # fonts.google.com/icons
    label: str


# Messages that a person wrote or sent.
_SENT: Final = {
    "text": Words("chat_bubble", "(empty)"),
    "image": Words("image", "Photo"),
    "video": Words("videocam", "Video"),
    "audio": Words("music_note", "Audio"),
    "voice": Words("mic", "Voice message"),
    "document": Words("description", "Document"),
    "sticker": Words("mood", "Sticker"),
    "media_placeholder": Words("perm_media", "Photo, video or file"),
    "location": Words("location_on", "Location"),
    "contacts": Words("contact_page", "Contact"),
    "interactive": Words("touch_app", "Answered"),
    "button": Words("touch_app", "Tapped"),
    "order": Words("shopping_cart", "Order"),
    "call": Words("call", "Call"),
    "template": Words("draft", "Template"),
    "edit": Words("edit", "Edited an earlier message"),
}
# Signs and reports, which are shown as notices and not as something that a person wrote.
NOTICES: Final = {
    "reaction": Words("add_reaction", "Reaction"),
    "payment": Words("payments", "Payment"),
    "revoke": Words("delete", "Deleted a message"),
    "system": Words("info", "WhatsApp: something about this customer changed"),
    "user_preferences": Words("campaign", "Changed what they want to receive"),
    "request_welcome": Words("waving_hand", "Opened the chat"),
    "unsupported": Words("help", "Sent a message; WhatsApp did not pass it on"),
    "unknown": Words("help", "Sent a message; WhatsApp did not pass it on"),
}
KINDS: Final = _SENT | NOTICES


def words_of(kind: str, extras: Any = None) -> Words:
    """Return icon and label of a kind. The extras of a message say whether its audio is a voice note."""
    if kind == "audio" and _is_voice_note(extras):
        kind = "voice"
    name = kind.replace("_", " ")
    return KINDS.get(kind) or Words("chat_bubble", name[:1].upper() + name[1:])


def text_of_message(kind: str, content: str, extras: Any) -> str:
    """Return what a message says: its content or, where that is not visible, the words of its kind."""
    return visible_text(content) or words_of(kind, extras).label


def _is_voice_note(extras: Any) -> bool:
    """Whether the extras of an audio, or the provider's object in them, say so."""
    found = extras if isinstance(extras, dict) else {}
    audio = found.get("audio")
    return found.get("voice") is True or (isinstance(audio, dict) and audio.get("voice") is True)
