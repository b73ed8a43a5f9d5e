"""A thread of messages with one customer."""

from django.db import models
from django.db.models import Q

from conversations.models.customers import Customer
from leadsite.core.models import OwnedModel


class ConversationManager(models.Manager["Conversation"]):
    """Reads and writes of conversations by lists: one statement for one and for five thousand."""


class Conversation(OwnedModel):
    """All messages with one customer about one thing. A customer has at most one active conversation."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        COMPLETED = "completed"
        ARCHIVED = "archived"

    customer = models.ForeignKey(
        Customer, models.PROTECT, db_constraint=False, db_index=False, related_name="conversations"
    )
    status = models.CharField(choices=Status, default=Status.ACTIVE, db_default=Status.ACTIVE)
    last_message_at = models.DateTimeField(null=True, blank=True)
    last_inbound_at = models.DateTimeField(null=True, blank=True)

    objects = ConversationManager()

    class Meta:
        db_table = "conversations"
        indexes = [
            # Read by "the newest conversation of this customer" and by the foreign key when a customer is erased.
            models.Index(fields=["customer", "id"], name="conversations_by_customer"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "id"], name="conversations_owner_unique"),
            models.UniqueConstraint(
                fields=["customer"],
                condition=Q(status="active"),
                name="conversations_one_active",
                violation_error_message="This customer has another active conversation.",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["active", "completed", "archived"]), name="conversations_status_valid"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer} ({self.status})"
