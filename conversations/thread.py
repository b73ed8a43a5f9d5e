"""The messages of a conversation as a person reads them.

Rows are facts and stay as they came. That a message was edited, deleted or reacted to is a row of its own, which names
the message as extras["target"]; here such rows are folded into what they are about. All text is the customer's: it
leaves this module as text, and the template escapes it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from conversations.models import Conversation, Message
from conversations.referral import Referral, read_referral, text_of
from leadsite.accounts.admin_values import shorten

THREAD_LENGTH: Final = 50
_QUOTE_LENGTH: Final = 60

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


@dataclass(slots=True)
class Entry:
    """One line of the thread: a bubble, or a notice in the middle."""

    message: Message
    time: datetime
    text: str
    is_notice: bool = False
    chip: tuple[str, str] | None = None
    detail: str = ""  # of the chip: the file's name, the place
    former: str | None = None  # the text as it was, where it was edited
    deleted_by: str = ""
    quoted: str = ""  # what a reply answers
    reaction: str = ""
    referral: Referral | None = None
    tick: tuple[str, str] | None = None
    new_day: date | None = None


@dataclass(slots=True)
class Thread:
    entries: list[Entry] = field(default_factory=list)
    has_older: bool = False


def read_thread(conversation: Conversation) -> Thread:
    """The newest messages, in the order in which they were written, in at most two queries.

    The newest are those that arrived last: to look for those that were written last, all would have to be read.
    """
    newest = list(conversation.messages.order_by("-pk")[: THREAD_LENGTH + 1])
    rows = sorted(newest[:THREAD_LENGTH], key=_in_order)
    known = {row.provider_id: row for row in rows if row.provider_id}
    changes = _changes(rows, known)
    folded = {change.pk for found in changes.values() for change in found}
    known |= _from_elsewhere(conversation, {_target(row) or _answered(row) for row in rows} - set(known) - {""})
    entries = [_entry(row, known, changes.get(row.pk, [])) for row in rows if row.pk not in folded]
    _mark_days(entries)
    return Thread(entries, has_older=len(newest) > THREAD_LENGTH)


def _written(row: Message) -> datetime:
    return row.provider_time or row.created_at


def _in_order(row: Message) -> tuple[datetime, UUID]:
    return _written(row), row.pk


def _target(row: Message) -> str:
    return text_of(_extra(row, "target"))


def _answered(row: Message) -> str:
    """The provider's id of the message that this one is a reply to."""
    context = _extra(row, "context")
    return text_of(context.get("id")) if isinstance(context, dict) else ""


def _extra(row: Message, name: str) -> Any:
    """From the extras, or from what they hold under the message's kind."""
    extras = row.extras if isinstance(row.extras, dict) else {}
    under = extras.get(row.kind)
    return extras[name] if name in extras else under.get(name) if isinstance(under, dict) else None


def _changes(rows: Iterable[Message], known: dict[str, Message]) -> dict[UUID, list[Message]]:
    """The edits and deletions of each message that is shown.

    One can change only one's own messages, whatever a delivery says. What changes nothing here is a line of its own.
    """
    found: dict[UUID, list[Message]] = {}
    for row in rows:
        about = known.get(_target(row)) if row.kind in ("edit", "revoke") else None
        if about and about.direction == row.direction and about.kind not in ("edit", "revoke", "reaction"):
            found.setdefault(about.pk, []).append(row)
    return found


def _from_elsewhere(conversation: Conversation, provider_ids: set[str]) -> dict[str, Message]:
    """What these rows are about but which is not among them: older messages of the same customer."""
    if not provider_ids:
        return {}
    mine = Message.objects.filter(user_id=conversation.user_id, conversation__customer_id=conversation.customer_id)
    found = mine.filter(provider_id__in=provider_ids).only("id", "provider_id", "kind", "content", "direction")
    return {row.provider_id: row for row in found if row.provider_id}


def _entry(row: Message, known: dict[str, Message], changes: list[Message]) -> Entry:
    entry = Entry(message=row, time=timezone.localtime(_written(row)), text=row.content)
    who = "the customer" if row.direction == Message.Direction.IN else "you"
    about = known.get(_target(row))
    if row.kind == "reaction":
        entry.is_notice = True
        entry.reaction = "" if row.content in REACTION_GONE else row.content
        entry.text = f"to: {_quote(about)}" if about else "to an earlier message"
    elif row.kind == "revoke":
        entry.is_notice = True
        entry.text = f"{who.capitalize()} deleted " + (f"an earlier message: {_quote(about)}" if about else "a message")
    elif row.kind in NOTICES:
        entry.is_notice = True
        entry.text = _notice(row)
    else:
        _fill_bubble(entry, known, about)
        _apply(entry, changes, who)
    return entry


def _notice(row: Message) -> str:
    """WhatsApp's own sentence of a system message; otherwise ours, with what came (in brackets) as the reason."""
    if row.kind == "system":
        return row.content or NOTICES[row.kind]
    return NOTICES[row.kind] if row.kind == "request_welcome" else f"{NOTICES[row.kind]} {row.content}".strip()


def _fill_bubble(entry: Entry, known: dict[str, Message], about: Message | None) -> None:
    row = entry.message
    if row.kind != "text":
        kind = "voice" if row.kind == "audio" and _extra(row, "voice") is True else row.kind
        entry.chip = CHIPS.get(kind, ("chat_bubble", kind.replace("_", " ").capitalize()))
        name = text_of(_extra(row, "filename"))
        entry.detail = shorten(name)
        if entry.text == name:  # a document without a caption is called by its name
            entry.text = ""
    if answered := known.get(_answered(row)):
        entry.quoted = _quote(answered)
    elif row.kind == "edit" and about:
        entry.quoted = _quote(about)
    if row.direction == Message.Direction.OUT:
        entry.tick = TICKS.get(row.status)
    else:
        entry.referral = read_referral(_extra(row, "referral"))


def _apply(entry: Entry, changes: list[Message], who: str) -> None:
    """`changes` are in the order in which they were made: the last text holds."""
    for change in changes:
        if change.kind == "revoke":
            entry.deleted_by = who
        else:
            entry.former = entry.message.content
            entry.text = change.content


def _quote(row: Message) -> str:
    _, word = CHIPS.get(row.kind, ("", row.kind.replace("_", " ").capitalize()))
    return f"“{shorten(row.content, _QUOTE_LENGTH)}”" if row.content else word.lower()


def _mark_days(entries: list[Entry]) -> None:
    """The first entry of each day says which."""
    before: date | None = None
    for entry in entries:
        if entry.time.date() != before:
            before = entry.new_day = entry.time.date()
