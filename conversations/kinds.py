"""Words for the kinds of messages: what the thread, the details of leads and the API say of a message.

The text of a message is its content; the words of its kind stand in where it has none. The kinds are those that the
readers of deliveries store, the same for every provider. Kinds that are not in the table are shown by their names.

All is in English, as it is stored; `shown_…` is for pages, in their language.
"""

from typing import Any, Final, NamedTuple

from django.utils.translation import gettext, gettext_noop

from conversations.incoming import CALL_KIND
from conversations.visible_text import visible_text
from leadsite.languages.texts import shown


class Words(NamedTuple):
    icon: str  # fonts.google.com/icons
    label: str


# Messages that a person wrote or sent.
_SENT: Final = {
    "text": Words("chat_bubble", gettext_noop("(empty)")),
    "image": Words("image", gettext_noop("Photo")),
    "video": Words("videocam", gettext_noop("Video")),
    "audio": Words("music_note", gettext_noop("Audio")),
    "voice": Words("mic", gettext_noop("Voice message")),
    "document": Words("description", gettext_noop("Document")),
    "sticker": Words("mood", gettext_noop("Sticker")),
    "media_placeholder": Words("perm_media", gettext_noop("Photo, video or file")),
    "location": Words("location_on", gettext_noop("Location")),
    "contacts": Words("contact_page", gettext_noop("Contact")),
    "interactive": Words("touch_app", gettext_noop("Answered")),
    "button": Words("touch_app", gettext_noop("Tapped")),
    "order": Words("shopping_cart", gettext_noop("Order")),
    "call": Words("call", gettext_noop("Call")),
    "template": Words("draft", gettext_noop("Template")),
    "edit": Words("edit", gettext_noop("Edited an earlier message")),
}
# Signs and reports, which are shown as notices and not as something that a person wrote.
NOTICES: Final = {
    "reaction": Words("add_reaction", gettext_noop("Reaction")),
    "payment": Words("payments", gettext_noop("Payment")),
    "revoke": Words("delete", gettext_noop("Deleted a message")),
    "system": Words("info", gettext_noop("WhatsApp: something about this customer changed")),
    "user_preferences": Words("campaign", gettext_noop("Changed what they want to receive")),
    "request_welcome": Words("waving_hand", gettext_noop("Opened the chat")),
    "unsupported": Words("help", gettext_noop("Sent a message; WhatsApp did not pass it on")),
    "unknown": Words("help", gettext_noop("Sent a message; WhatsApp did not pass it on")),
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


def shown_words_of(kind: str, extras: Any = None) -> Words:
    """The same in the language of a page."""
    words = words_of(kind, extras)
    return words._replace(label=gettext(words.label))


def shown_text_of_message(kind: str, content: str, extras: Any) -> str:
    """What a page shows of what a message says. What became of a call is stored in English, before the transcript."""
    text = visible_text(content) or shown_words_of(kind, extras).label
    if kind != CALL_KIND:
        return text
    outcome, end, transcript = text.partition("\n")
    said = shown(outcome)
    return (said if said != outcome else ", ".join(map(shown, outcome.split(", ")))) + end + transcript


def _is_voice_note(extras: Any) -> bool:
    """Whether the extras of an audio, or the provider's object in them, say so."""
    found = extras if isinstance(extras, dict) else {}
    audio = found.get("audio")
    return found.get("voice") is True or (isinstance(audio, dict) and audio.get("voice") is True)
