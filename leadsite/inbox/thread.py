"""The messages of a chat, ready to be shown: reactions at their bubble, authors, and what to do about failures."""

from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext

from conversations.admin.thread_entries import CHANGES, Entry, Place, Thread, read_thread
from conversations.admin.thread_labels import REACTION_GONE
from conversations.models import Conversation, Message
from leadsite.inbox.access import names_of
from leadsite.inbox.chats import Cursor
from leadsite.inbox.writing.failures import Failure, failure_of


@dataclass(slots=True)
class Bubble:
    """An entry of the thread with what the inbox adds to it."""

    entry: Entry
    reactions: list[tuple[str, str]] = field(default_factory=list)  # emoji, who
    author: str = ""
    failure: Failure | None = None

    @property
    def changed(self) -> UUID | None:
        """The message, of another page, that this one edits, deletes or reacts to."""
        return self.entry.about if self.entry.message.kind in CHANGES else None


@dataclass(slots=True)
class ChatThread:
    bubbles: list[Bubble]
    older: str  # the place before which there is more; "" where there is none
    newest: Message | None


def read_chat(conversation: Conversation, *, before: Place | None = None, is_open: bool = True) -> ChatThread:
    """Return the newest messages, or the newest before a place; at most four statements.

    `is_open`: whether WhatsApp accepts free text in this chat now.
    """
    thread = read_thread(conversation, before=before)
    bubbles = with_reactions(thread)
    names = names_of(bubble.entry.message.author_id for bubble in bubbles)
    for bubble in bubbles:
        message = bubble.entry.message
        bubble.author = names.get(message.author_id, "") if message.author_id else ""
        bubble.failure = failure_of(message, is_open=is_open)
    messages = [entry.message for entry in thread.entries]
    older = str(Cursor(messages[0].sort_at, messages[0].pk)) if thread.has_older and messages else ""
    return ChatThread(bubbles, older, messages[-1] if messages else None)


def with_reactions(thread: Thread) -> list[Bubble]:
    """Return the entries, with the reactions to those that are shown at them: the last of each side. A reaction stands
    where it came, too, if that is on another page.
    """
    bubbles = {entry.message.pk: Bubble(entry) for entry in thread.entries}
    shown: dict[UUID, dict[str, str]] = {}
    for about, message in thread.reactions:
        target, here = bubbles.get(about), bubbles.get(message.pk)
        if target and not target.entry.is_notice:
            who = gettext("The customer") if message.direction == Message.Direction.IN else gettext("You")
            shown.setdefault(about, {})[who] = "" if message.content in REACTION_GONE else message.content
            if here and not here.entry.new_day:  # a day line stands at the first entry of its day
                del bubbles[message.pk]
    for id_, found in shown.items():
        bubbles[id_].reactions = [(emoji, who) for who, emoji in found.items() if emoji]
    return list(bubbles.values())
