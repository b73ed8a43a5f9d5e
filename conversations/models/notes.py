"""The models Note and NoteMention: what people of a business write to each other beside a conversation.

A note is never sent: it is a row of its own, not a message, so nothing that sends, counts or exports messages to the
customer can meet it.
"""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from conversations.models.conversations import Conversation
from leadsite.core.models import OwnedModel
from leadsite.languages.texts import filled

NOTE_MAX_LENGTH: Final = 4000


class Note(OwnedModel):
    """A private note in a conversation. It goes with the conversation."""

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, db_constraint=False, db_index=False, related_name="notes"
    )
    # Null where the person's login was deleted.
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    text = models.TextField()
    edited_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "notes"
        indexes = [
            # Read by the thread, and by the foreign key when a conversation is removed.
            models.Index(fields=["conversation", "id"], name="notes_by_conversation"),
            # Read when a user is deleted, whose name is taken from their notes.
            models.Index(fields=["author"], condition=Q(author__isnull=False), name="notes_by_author"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "id"], name="notes_owner_unique"),
            models.CheckConstraint(
                condition=Q(text__length__gte=1) & Q(text__length__lte=NOTE_MAX_LENGTH),
                name="notes_text_length",
                violation_error_message=filled(
                    _("A note has 1 to %(note_max_length)s characters."), note_max_length=NOTE_MAX_LENGTH
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class NoteMention(models.Model):
    """A person whom a note mentions. `seen_at`: when that person has opened the chat."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    note = models.ForeignKey(Note, models.CASCADE, db_constraint=False, db_index=False, related_name="mentions")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    seen_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "note_mentions"
        indexes = [
            # Read by the inbox, for a person's mentions; and when a user is deleted.
            models.Index(fields=["person", "user", "-id"], name="note_mentions_of_person"),
            # Read by the inbox every few seconds: how many of them the person has not seen.
            models.Index(fields=["person", "user"], condition=Q(seen_at__isnull=True), name="note_mentions_unseen"),
        ]
        constraints = [models.UniqueConstraint(fields=["note", "person"], name="note_mentions_unique")]

    def __str__(self) -> str:
        return f"mention of {self.person_id}"
