"""Services for private notes: written, edited and deleted by the people of a business, never sent."""

import re
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from conversations.models import NOTE_MAX_LENGTH, Conversation, Note, NoteMention
from conversations.visible_text import visible_text
from leadsite.accounts.models import User
from leadsite.accounts.people.assigning import may_be_mentioned
from leadsite.core import clock
from leadsite.core.transactions import retried

_LENGTH: Final = gettext_noop("A note has 1 to %(note_max_length)s characters.") % {"note_max_length": NOTE_MAX_LENGTH}


class NoteRefused(Exception):
    """The note breaks a rule; nothing was written."""


@retried
def add_note(*, user_id: UUID, conversation_id: UUID, author_id: UUID, text: str) -> Note:
    """Store a note, and who is mentioned in it by @ and the name. Opens the transaction.

    Raises NoteRefused; django.db.Error.
    """
    _check(text)
    people = mentioned_in(text, may_be_mentioned(business_id=user_id))
    # A conversation that is removed at the same moment: the foreign key refuses the note, or it goes along.
    with transaction.atomic():
        if not Conversation.objects.filter(user_id=user_id, pk=conversation_id).exists():
            raise NoteRefused(gettext_noop("There is no such conversation."))
        note = Note.objects.create(user_id=user_id, conversation_id=conversation_id, author_id=author_id, text=text)
        _mention(note, people)
        return note


@retried
def edit_note(*, user_id: UUID, note_id: UUID, author_id: UUID, text: str) -> Note:
    """Change the text of one's own note; who was not mentioned before is told, who is not any more is not. Opens the
    transaction. Raises NoteRefused; django.db.Error.
    """
    _check(text)
    people = mentioned_in(text, may_be_mentioned(business_id=user_id))
    # Edited in two windows at once: the second waits for the first.
    with transaction.atomic():
        note = _own(user_id, note_id, author_id)
        note.text, note.edited_at = text, clock.now()
        note.save(update_fields=["text", "edited_at", "updated_at"])
        note.mentions.exclude(person__in=people).delete()
        _mention(note, people)
        return note


@retried
def delete_note(*, user_id: UUID, note_id: UUID, author_id: UUID) -> None:
    """Delete one's own note, with its mentions. Opens the transaction. Raises NoteRefused; django.db.Error."""
    with transaction.atomic():
        _own(user_id, note_id, author_id).delete()


def mentioned_in(text: str, people: Iterable[User]) -> list[User]:
    """Return the people whose names, or e-mail addresses, follow an @ in a text; all of those who share a name."""
    named: dict[str, list[User]] = {}
    for person in people:
        for name in {person.person_name.casefold(), person.email.casefold()} - {""}:
            named.setdefault(name, []).append(person)
    found = mentions_of(named).findall(text.casefold())
    return list(dict.fromkeys(person for name in found for person in named[name]))


def mentions_of(names: Iterable[str], flags: int = 0) -> re.Pattern[str]:
    """Return a pattern of an @ and one of the names; of a longer and a shorter name that begins it, the longer."""
    either = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    # A letter or digit before it makes it an address, one behind it another name. Of no names it finds nothing.
    return re.compile(rf"(?<![^\W_])@({either or '(?!)'})(?![^\W_])", flags)


def _check(text: str) -> None:
    if not visible_text(text) or len(text) > NOTE_MAX_LENGTH:
        raise NoteRefused(_LENGTH)


def _own(user_id: UUID, note_id: UUID, author_id: UUID) -> Note:
    note = Note.objects.select_for_update().filter(user_id=user_id, pk=note_id).first()
    if note is None:
        raise NoteRefused(gettext_noop("There is no such note any more."))
    if note.author_id != author_id:
        raise NoteRefused(gettext_noop("A note is changed by who has written it."))
    return note


def _mention(note: Note, people: Iterable[User]) -> None:
    mentions = [NoteMention(user_id=note.user_id, note=note, person=person) for person in people]
    NoteMention.objects.bulk_create(mentions, ignore_conflicts=True)
