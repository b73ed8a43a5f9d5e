"""The model Conversation: a thread of messages with one customer."""

from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from conversations.models.customers import Customer
from conversations.models.inbound import InboundConversationManager
from conversations.models.openings import OpeningManager
from leadsite.core.models import NotDeletedManager, OwnedModel
from leadsite.languages.texts import inside


class ConversationStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    COMPLETED = "completed", _("Completed")
    ARCHIVED = "archived", _("Archived")


# When the last message was written; conversations without one come last.
RECENCY: Final = Coalesce("last_message_at", Value(datetime(1970, 1, 1, tzinfo=UTC)))
# The order of the indexes of lists.
NEWEST_FIRST: Final = (RECENCY.desc(), "-pk")


class ConversationManager(
    OpeningManager["Conversation"], InboundConversationManager["Conversation"], NotDeletedManager["Conversation"]
):
    """Reads and writes lists of conversations, each in one statement whatever the length."""


class Conversation(OwnedModel):
    """All messages with one customer about one thing. A customer has at most one active conversation."""

    Status = ConversationStatus

    customer = models.ForeignKey(
        Customer, models.PROTECT, db_constraint=False, db_index=False, related_name="conversations"
    )
    status = models.CharField(choices=Status, default=Status.ACTIVE, db_default=Status.ACTIVE)
    last_message_at = models.DateTimeField(null=True, blank=True)
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    # Null unless the customer wrote last: the time of the first message that nobody has answered.
    waiting_since = models.DateTimeField(null=True, blank=True, editable=False)
    # When staff completed or archived it, until they open it again: what had arrived by then needs no answer.
    handled_at = models.DateTimeField(null=True, editable=False)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        db_constraint=False,
        db_index=False,
        related_name="assigned_conversations",
    )
    # Until then it is in none of the lists of work; the person who sets it wants it back on top of them.
    snoozed_until = models.DateTimeField(null=True, blank=True, editable=False)
    # Ids of rows of `labels`, in no order. An array, so that they are read, audited and merged with the row; the
    # service checks that they are the business's.
    label_ids = ArrayField(models.UUIDField(), default=list, db_default=[], blank=True, editable=False)
    # Deleted with its last lead; the worker removes the row after DELETED_DAYS.
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = ConversationManager()
    all_objects: models.Manager["Conversation"] = models.Manager()

    class Meta:
        db_table = "conversations"
        indexes = [
            # Read to find a customer's newest conversation, and by the foreign key when a customer is erased.
            models.Index(fields=["customer", "id"], name="conversations_by_customer"),
            # Read by the lists of conversations, newest message first; the second with the filter "waiting".
            models.Index("user", RECENCY.desc(), F("id").desc(), name="conversations_by_recency"),
            models.Index(
                "user",
                RECENCY.desc(),
                F("id").desc(),
                condition=Q(waiting_since__isnull=False),
                name="conversations_waiting",
            ),
            # Read by the list of conversations in the order of their creation.
            models.Index(fields=["user", "created_at", "id"], name="conversations_by_time"),
            # Read by the lists of a status, of which few or none have some.
            models.Index("user", "status", RECENCY.desc(), F("id").desc(), name="conversations_by_status"),
            # Read by the worker, which removes what was deleted long ago.
            models.Index(fields=["deleted_at"], condition=Q(deleted_at__isnull=False), name="conversations_deleted"),
            # Read by the list of a person's conversations, and when a user is deleted, to unassign theirs.
            models.Index(
                "assigned_to",
                RECENCY.desc(),
                F("id").desc(),
                condition=Q(assigned_to__isnull=False),
                name="conversations_by_assigned_to",
            ),
            # Read by the inbox: the active conversations of a person, and those with messages that nobody has taken.
            models.Index(
                "assigned_to",
                RECENCY.desc(),
                F("id").desc(),
                condition=Q(assigned_to__isnull=False, status="active"),
                name="conversations_of_person",
            ),
            models.Index(
                "user",
                RECENCY.desc(),
                F("id").desc(),
                condition=Q(assigned_to__isnull=True, last_message_at__isnull=False, status="active"),
                name="conversations_of_nobody",
            ),
            # Read by the inbox: what is snoozed, and what has come back.
            models.Index(
                fields=["user", "snoozed_until", "id"],
                condition=Q(snoozed_until__isnull=False),
                name="conversations_snoozed",
            ),
            # Read by the lists of conversations with a label. Without a pending list, because few are written.
            GinIndex(fields=["label_ids"], condition=~Q(label_ids=[]), fastupdate=False, name="conversations_by_label"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "id"], name="conversations_owner_unique"),
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(status=ConversationStatus.ACTIVE.value, deleted_at__isnull=True),
                name="conversations_one_active",
                violation_error_message=_("This customer has another active conversation."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=ConversationStatus.values), name="conversations_status_valid"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer} ({inside(ConversationStatus(self.status).label)})"
