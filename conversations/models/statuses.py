"""What providers say of messages that are not here yet."""

from django.db import models
from django.db.models import Q

from leadsite.core.models import OwnedModel


class ParkedStatusManager(models.Manager["ParkedStatus"]):
    """Reads and writes of parked statuses by lists."""


class ParkedStatus(OwnedModel):
    """What a provider says of a message that is not here (yet). Every status passes through, known message or not.

    Its key is what two transactions meet at, when a message and its status come at the same moment: see
    mark_messages.sql. A message from elsewhere never comes; the worker prunes what waited too long.
    """

    provider_id = models.CharField()
    status = models.CharField()
    error = models.TextField(default="", db_default="")
    # When each status was first reported: {"sent": "2026-11-22T10:00:00Z", …}.
    times = models.JSONField(default=dict, db_default={})
    # What else was said: pricing, Meta's conversation.
    details = models.JSONField(default=dict, db_default={})

    objects = ParkedStatusManager()

    class Meta:
        db_table = "parked_statuses"
        verbose_name_plural = "parked statuses"
        constraints = [
            models.UniqueConstraint(fields=["user", "provider_id"], name="parked_statuses_unique"),
            models.CheckConstraint(
                condition=Q(status__in=["sent", "delivered", "read", "played", "failed"]),
                name="parked_statuses_status_valid",
            ),
        ]
        indexes = [
            # Read by the worker that prunes.
            models.Index(fields=["updated_at"], name="parked_statuses_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id}: {self.status}"
