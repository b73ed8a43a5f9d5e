"""Private notes in the thread, between the messages."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from conversations.models import Conversation, Note, NoteMention
from conversations.services.notes import mentioned_in, mentions_of
from leadsite.accounts.models import User
from leadsite.core import clock
from leadsite.inbox.access import Viewer
from leadsite.inbox.times import moment_words

# Of one page of a thread.
MOST: Final = 100


@dataclass(frozen=True, slots=True)
class ShownNote:
    """A note in the thread. `html`: its text, escaped, with the mentions marked."""

    note: Note
    html: SafeString
    author: str
    time: str
    is_own: bool
    mentions_me: bool


def notes_of(
    viewer: Viewer, conversation: Conversation, *, since: datetime | None, until: datetime | None
) -> list[ShownNote]:
    """Return the notes of a part of the thread, the oldest first; two statements."""
    notes = Note.objects.filter(conversation_id=conversation.pk).select_related("author")
    if since:
        notes = notes.filter(created_at__gte=since)
    if until:
        notes = notes.filter(created_at__lt=until)
    newest = list(notes.order_by("-pk").prefetch_related("mentions__person")[:MOST])
    return [_shown(note, viewer) for note in reversed(newest)]


def in_thread(bubbles: Iterable[Any], notes: Sequence[ShownNote]) -> list[Any]:
    """Return messages (thread.Bubble) and notes in the order of their times."""
    items: list[Any] = []
    rest = list(notes)
    for bubble in bubbles:
        while rest and rest[0].note.created_at < bubble.entry.message.sort_at:
            items.append(rest.pop(0))
        items.append(bubble)
    return items + rest


def see_mentions(viewer: Viewer, conversation: Conversation) -> None:
    """Note that the person has seen where they are mentioned in this chat."""
    theirs = NoteMention.objects.filter(person_id=viewer.person_id, user_id=viewer.business_id, seen_at=None)
    theirs.filter(note__conversation_id=conversation.pk).update(seen_at=clock.now())


def _shown(note: Note, viewer: Viewer) -> ShownNote:
    people = [mention.person for mention in note.mentions.all()]
    return ShownNote(
        note,
        with_mentions(note.text, people),
        note.author.person_name if note.author else gettext("Somebody"),
        moment_words(note.created_at),
        note.author_id == viewer.person_id,
        any(person.pk == viewer.person_id for person in people),
    )


def with_mentions(text: str, people: Sequence[User]) -> SafeString:
    """Return the text, escaped, with the names of these people marked where they follow an @."""
    names = {name for person in mentioned_in(text, people) for name in (person.person_name, person.email)}
    mentions = mentions_of((escape(name) for name in names - {""}), re.IGNORECASE)
    return mark_safe(mentions.sub(r'<b class="note-mention">\g<0></b>', escape(text)))  # noqa: S308 - escaped above
