"""Prepares the messages of a conversation for display as a thread.

Later messages never change the row of an earlier one: an edit, a deletion or a reaction is a separate row, which names
its target in extras["target"]. Here edits and deletions are merged into the message that they change. Customers' texts
are returned unescaped; the template escapes them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import F, Q
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan
from django.utils import timezone
from django.utils.translation import gettext

from conversations.admin.referral import Referral, read_referral, text_of
from conversations.admin.thread_changes import later_changes
from conversations.admin.thread_labels import LABELS, REACTION_GONE, deletion, reference, tick_of
from conversations.channels import channel_of, with_channel
from conversations.incoming import CALL_KIND
from conversations.kinds import NOTICES, Words, shown_text_of_message, shown_words_of
from conversations.media.shown import ShownFile, files_of
from conversations.models import Conversation, Message
from conversations.visible_text import visible_text
from leadsite.adminkit.values import shorten
from leadsite.languages.texts import inside

THREAD_LENGTH: Final = 50
_QUOTE_LENGTH: Final = 60
CHANGES: Final = ("edit", "revoke", "reaction")


class Place(NamedTuple):
    """Where a message is in its conversation."""

    sort_at: datetime
    id: UUID


@dataclass(slots=True)
class Entry:
    """One item of the thread: a bubble, or a centred notice."""

    message: Message
    time: datetime
    text: str
    is_notice: bool = False
    chip: Words | None = None
    detail: str = ""  # of the chip: the file's name, the place
    formers: list[str] = field(default_factory=list)  # the texts before edits, the oldest first
    deleted_by: str = ""
    quoted: str = ""  # the message that a reply quotes
    about: UUID | None = None  # the message that is answered, changed or reacted to, if it is stored
    reaction: str = ""
    referral: Referral | None = None
    tick: tuple[str, str] | None = None
    labels: list[str] = field(default_factory=list)
    number: str = ""  # of the business, where it is another than that of the bubble before
    new_day: date | None = None
    files: list[ShownFile] = field(default_factory=list)


@dataclass(slots=True)
class Thread:
    entries: list[Entry] = field(default_factory=list)
    reactions: list[tuple[UUID, Message]] = field(default_factory=list)  # to which of them, in their order
    has_older: bool = False


def read_thread(conversation: Conversation, *, before: Place | None = None) -> Thread:
    """Return the newest messages, or the newest before a place, in their order, in at most three queries."""
    messages = with_channel(conversation.messages.all())
    if before:
        messages = messages.filter(TupleLessThan(Tuple(F("sort_at"), F("pk")), before))
    newest = list(messages.order_by("-sort_at", "-pk")[: THREAD_LENGTH + 1])
    rows = newest[THREAD_LENGTH - 1 :: -1]
    known = _by_id_and_token(rows)
    later = later_changes(conversation, rows, since=before.sort_at) if before else []
    changes = _changes([*rows, *later], known)
    reactions = [
        (about.pk, row) for row in [*rows, *later] if row.kind == "reaction" and (about := _referred(row, known))
    ]
    merged = {change.pk for found in changes.values() for change in found}
    known = _older_messages(conversation, [row for row in rows if not _referred(row, known)]) | known
    edits = _newest_texts(rows, known)
    entries = [_entry(row, known, changes.get(row.pk, []), edits) for row in rows if row.pk not in merged]
    files = files_of(rows)
    for entry in entries:
        entry.files = files.get(entry.message.pk, [])
    _mark_days(entries)
    _mark_numbers(entries)
    return Thread(entries, reactions, has_older=len(newest) > THREAD_LENGTH)


def _written(row: Message) -> datetime:
    return row.provider_time or row.created_at


def _by_id_and_token(rows: Iterable[Message]) -> dict[str, Message]:
    """The messages by the provider's id, and by its token, which is in all ids that the provider has for a message."""
    rows = list(rows)
    by_token = {row.provider_token: row for row in rows if row.provider_token}
    return by_token | {row.provider_id: row for row in rows if row.provider_id}


def _referred(row: Message, known: Mapping[str, Message]) -> Message | None:
    """The message that this one changes, reacts to or answers: by its id, or by the token of its id in another form."""
    return known.get(_target(row) or _answered(row)) or known.get(text_of(_extra(row, "reference_token")))


def _target(row: Message) -> str:
    return text_of(_extra(row, "target"))


def _answered(row: Message) -> str:
    """The provider's id of the message that this one is a reply to."""
    context = (row.parts or {}).get("context") if row.kind not in CHANGES else None
    return text_of(context.get("provider_id")) if context else ""


def _extra(row: Message, name: str) -> Any:
    """The value of a key in the extras, or in the object that the extras hold under the message's kind."""
    extras = row.extras if isinstance(row.extras, dict) else {}
    under = extras.get(row.kind)
    return extras[name] if name in extras else under.get(name) if isinstance(under, dict) else None


def _changes(rows: Iterable[Message], known: dict[str, Message]) -> dict[UUID, list[Message]]:
    """The edits and deletions of each shown message, by its id.

    Only the author of a message can change it, whatever a delivery claims. Other edits and deletions are shown as
    separate entries.
    """
    found: dict[UUID, list[Message]] = {}
    for row in rows:
        if about := _changed(row, known):
            found.setdefault(about.pk, []).append(row)
    return found


def _changed(row: Message, known: Mapping[str, Message]) -> Message | None:
    about = _referred(row, known) if row.kind in ("edit", "revoke") else None
    return about if about and about.direction == row.direction and about.kind not in CHANGES else None


def _newest_texts(rows: Iterable[Message], known: Mapping[str, Message]) -> dict[UUID, str]:
    """The current texts of edited messages, including messages that are not shown. `rows` are ordered by time."""
    edits = [(about, row) for row in rows if row.kind == "edit" and (about := _changed(row, known))]
    return {about.pk: row.content for about, row in edits}


def _older_messages(conversation: Conversation, rows: Sequence[Message]) -> dict[str, Message]:
    """The messages that these rows refer to and that are not shown: older messages of the same customer."""
    ids = {_target(row) or _answered(row) for row in rows} - {""}
    if not ids:
        return {}
    tokens = {text_of(_extra(row, "reference_token")) for row in rows} - {""}
    its = {"user_id": conversation.user_id, "conversation__customer_id": conversation.customer_id}
    mine = Message.objects.visible().filter(**its)
    found = mine.filter(Q(provider_id__in=ids) | Q(provider_token__in=tokens))
    return _by_id_and_token(found.only("id", "provider_id", "provider_token", "kind", "content", "extras", "direction"))


def _entry(row: Message, known: dict[str, Message], changes: list[Message], edits: Mapping[UUID, str]) -> Entry:
    entry = Entry(message=row, time=timezone.localtime(_written(row)), text=visible_text(row.content))
    who = gettext("the customer") if row.direction == Message.Direction.IN else gettext("you")
    about = _referred(row, known) if row.kind in CHANGES else None
    entry.about = about.pk if about else None
    if row.kind == "reaction":
        entry.is_notice = True
        entry.reaction = "" if row.content in REACTION_GONE else row.content
        entry.text = reference(_quote(about, edits) if about else "")
    elif row.kind == "revoke":
        entry.is_notice = True
        entry.text = deletion(who[:1].upper() + who[1:], _quote(about, edits) if about else "")
    elif row.kind in NOTICES:
        entry.is_notice = True
        entry.text = shown_text_of_message(row.kind, row.content, row.extras)
    else:
        _fill_bubble(entry, known, about, edits)
        _apply(entry, changes, who)
    return entry


def _fill_bubble(entry: Entry, known: dict[str, Message], about: Message | None, edits: Mapping[UUID, str]) -> None:
    row = entry.message
    entry.labels = _labels(row)
    if row.kind != "text":
        entry.chip = shown_words_of(row.kind, row.extras)
        name = text_of(_extra(row, "name" if row.kind == "template" else "filename"))
        entry.detail = shorten(name)
        if entry.text == name:  # the content of a document without a caption is its file name
            entry.text = ""
        if row.kind == CALL_KIND:  # the first line says what became of the call
            label, _, entry.text = entry.text.partition("\n")
            entry.chip = entry.chip._replace(label=label or entry.chip.label)
    if row.kind == "edit":
        entry.quoted = _quote(about, {}) if about else ""  # its new text
    elif answered := _referred(row, known):
        entry.quoted, entry.about = _quote(answered, edits), answered.pk
    if row.direction == Message.Direction.OUT:
        entry.tick = tick_of(row.kind, row.status)
    else:
        entry.referral = read_referral((row.parts or {}).get("referral"))


def _apply(entry: Entry, changes: list[Message], who: str) -> None:
    """Apply edits and deletions, which are ordered by time: the last text is shown."""
    for change in changes:
        if change.kind == "revoke":
            entry.deleted_by = who
        else:
            entry.formers.append(entry.text)
            entry.text = visible_text(change.content)


def _labels(row: Message) -> list[str]:
    """The labels of a message. A standby message that is also an echo was written by Meta's agent, not on the phone."""
    marks = [name for name in LABELS if row.extras.get(name)] if isinstance(row.extras, dict) else []
    return [str(LABELS[name]) for name in marks if name != "echo" or "standby" not in marks]


def _quote(row: Message, edits: Mapping[UUID, str]) -> str:
    text = edits.get(row.pk, row.content)
    said = visible_text(text)
    return f"“{shorten(text, _QUOTE_LENGTH)}”" if said else inside(shown_words_of(row.kind, row.extras).label)


def _mark_days(entries: list[Entry]) -> None:
    """Set `new_day` on the first entry of each day."""
    before: date | None = None
    for entry in entries:
        if entry.time.date() != before:
            before = entry.new_day = entry.time.date()


def _mark_numbers(entries: list[Entry]) -> None:
    """Set `number` on the first bubble of each number of the business, and wherever it changes."""
    before = ""
    for entry in entries:
        channel = channel_of(entry.message)
        if channel and not entry.is_notice and channel["name"] != before:
            before = entry.number = channel["name"]
