"""What the work of a team adds to an open chat: notes among the messages, labels, when it comes back."""

from datetime import datetime
from typing import Any

from conversations.admin.colours import ColourChoice
from conversations.models import Conversation, Label
from conversations.services.labels import chosen_of, labels_of
from leadsite.inbox.access import Viewer
from leadsite.inbox.chats import read_cursor
from leadsite.inbox.thread import ChatThread
from leadsite.inbox.work.notes import in_thread, notes_of
from leadsite.inbox.work.reminders import snoozed


def add_notes(viewer: Viewer, conversation: Conversation, thread: ChatThread, *, until: datetime | None = None) -> None:
    """Put the notes of the time of these messages among them."""
    oldest = read_cursor(thread.older)
    notes = notes_of(viewer, conversation, since=oldest.at if oldest else None, until=until)
    thread.bubbles = in_thread(thread.bubbles, notes)


def work_context(viewer: Viewer, conversation: Conversation) -> dict[str, Any]:
    """The context of inbox/snooze.html and of the labels."""
    labels = labels_of(viewer.business_id)
    chosen = chosen_of(labels, conversation.label_ids)
    return snoozed(conversation) | {
        "labels": chosen,
        "label_colours": ColourChoice(choices=Label.Colour.choices).render("colour", Label.Colour.GREY),
        "label_choices": [(label, label in chosen) for label in labels.values()],
    }
