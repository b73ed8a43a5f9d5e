"""What a person has read, which chats a person has open, and what a person has set for the inbox; texts that a business
sends often, and the lists that a person has kept.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from conversations.models import Conversation
from leadsite.core.models import OwnedModel
from leadsite.core.statements import fetch_rows
from leadsite.languages.texts import filled

# How long somebody counts as present after their browser has said so, and as typing.
PRESENT: Final = timedelta(seconds=40)
TYPING: Final = timedelta(seconds=7)

# Times only move forward: two windows of one person may report in any order. Nothing is written where nothing is new.
_READ: Final = """
    INSERT INTO chat_reads AS r (person_id, conversation_id, read_until) VALUES (%s, %s, %s)
    ON CONFLICT (conversation_id, person_id) DO UPDATE SET read_until = excluded.read_until
    WHERE r.read_until < excluded.read_until
"""
_SEEN: Final = """
    WITH gone AS (
        DELETE FROM chat_presence
        WHERE person_id = %(person)s AND conversation_id <> %(chat)s AND seen_at < now() - interval '1 minute'
    )
    INSERT INTO chat_presence (person_id, conversation_id, seen_at, typing_at)
    VALUES (%(person)s, %(chat)s, now(), CASE WHEN %(typing)s THEN now() END)
    ON CONFLICT (conversation_id, person_id) DO UPDATE SET seen_at = excluded.seen_at, typing_at = excluded.typing_at
"""
_LEFT: Final = "DELETE FROM chat_presence WHERE person_id = %s AND conversation_id = %s"
_OTHERS: Final = """
    SELECT p.person_id, coalesce(p.typing_at > now() - %s, false)
    FROM chat_presence AS p
    WHERE p.conversation_id = %s AND p.person_id <> %s AND p.seen_at > now() - %s ORDER BY p.person_id
"""


class Present(NamedTuple):
    """Somebody else who has a chat open."""

    person_id: UUID
    types: bool


class ChatReadManager(models.Manager["ChatRead"]):
    def mark(self, *, person_id: UUID, conversation_id: UUID, until: datetime) -> None:
        """Note that a person has seen a chat up to this place (Message.sort_at). One statement."""
        fetch_rows(_READ, [person_id, conversation_id, until])


class ChatRead(models.Model):
    """Up to where a person has read a conversation: the place of the newest message they have seen."""

    # The foreign keys are created in SQL: see AddForeignKey. A conversation or person takes its rows with it.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, db_constraint=False, related_name="+", db_index=True
    )
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    read_until = models.DateTimeField()

    objects = ChatReadManager()

    class Meta:
        db_table = "chat_reads"
        constraints = [models.UniqueConstraint(fields=["conversation", "person"], name="chat_reads_unique")]

    def __str__(self) -> str:
        return f"read until {self.read_until}"


class ChatPresenceManager(models.Manager["ChatPresence"]):
    def note(self, *, person_id: UUID, conversation_id: UUID, types: bool) -> None:
        """Note that a person looks at a chat now, or types into it. One statement, which locks that person's row."""
        fetch_rows(_SEEN, {"person": person_id, "chat": conversation_id, "typing": types})

    def forget(self, *, person_id: UUID, conversation_id: UUID) -> None:
        fetch_rows(_LEFT, [person_id, conversation_id])

    def others(self, *, person_id: UUID, conversation_id: UUID) -> list[Present]:
        """Return who else has the chat open."""
        return [Present(*row) for row in fetch_rows(_OTHERS, [TYPING, conversation_id, person_id, PRESENT])]


class ChatPresence(models.Model):
    """A person who has a chat open. The table is UNLOGGED: it is empty after a crash, and filled within seconds.

    Each person writes their own rows only, so no write waits for another person's. Rows of chats that a person has left
    count for PRESENT only; that person's next report deletes them.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, db_constraint=False, related_name="+", db_index=True
    )
    # No foreign keys: a row is of no use after a minute.
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    seen_at = models.DateTimeField()
    typing_at = models.DateTimeField(null=True)

    objects = ChatPresenceManager()

    class Meta:
        db_table = "chat_presence"
        constraints = [models.UniqueConstraint(fields=["conversation", "person"], name="chat_presence_unique")]

    def __str__(self) -> str:
        return f"seen at {self.seen_at}"


class InboxPreference(models.Model):
    """What a person has switched on or off for the inbox, in all browsers."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, db_constraint=False, related_name="+"
    )
    sound = models.BooleanField(default=True, db_default=True, help_text="A sound when a customer writes.")
    notifications = models.BooleanField(
        default=False, db_default=False, help_text=_("A notification of the browser when a customer writes.")
    )

    class Meta:
        db_table = "inbox_preferences"

    def __str__(self) -> str:
        return f"sound {self.sound}, notifications {self.notifications}"


SHORTCUT_MAX_LENGTH: Final = 30
QUICK_REPLY_MAX_LENGTH: Final = 2000
VIEW_NAME_MAX_LENGTH: Final = 40


class QuickReply(OwnedModel):
    """A text that the people of a business send often. Typing / in the box of a chat offers them."""

    shortcut = models.CharField(help_text=_("What is typed after the slash, as in /hours: letters, digits, - and _."))
    text = models.TextField(help_text=_("{name} becomes the customer's name, {business} that of the business."))

    class Meta:
        db_table = "quick_replies"
        verbose_name_plural = _("quick replies")
        constraints = [
            models.UniqueConstraint(
                "user",
                Lower("shortcut"),
                name="quick_replies_shortcut_unique",
                violation_error_message=_("There is a quick reply with this shortcut."),
            ),
            models.CheckConstraint(
                condition=models.Q(shortcut__regex=rf"^[\w-]{{1,{SHORTCUT_MAX_LENGTH}}}$"),
                name="quick_replies_shortcut_valid",
                violation_error_message=filled(
                    _("A shortcut has 1 to %(shortcut_max_length)s letters, digits, - and _."),
                    shortcut_max_length=SHORTCUT_MAX_LENGTH,
                ),
            ),
            models.CheckConstraint(
                condition=models.Q(text__length__gte=1) & models.Q(text__length__lte=QUICK_REPLY_MAX_LENGTH),
                name="quick_replies_text_length",
                violation_error_message=filled(
                    _("A quick reply has 1 to %(quick_reply_max_length)s characters."),
                    quick_reply_max_length=QUICK_REPLY_MAX_LENGTH,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"/{self.shortcut}"


class SavedView(OwnedModel):
    """A list of the inbox that a person has kept: a tab with filters."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    name = models.CharField()
    # As in the address: tab, label, assignee, type, status.
    filters = models.JSONField(default=dict, db_default={})

    class Meta:
        db_table = "saved_views"
        constraints = [
            models.UniqueConstraint("person", "user", Lower("name"), name="saved_views_name_unique"),
            models.CheckConstraint(
                condition=models.Q(name__length__gte=1) & models.Q(name__length__lte=VIEW_NAME_MAX_LENGTH),
                name="saved_views_name_length",
            ),
        ]

    def __str__(self) -> str:
        return self.name
