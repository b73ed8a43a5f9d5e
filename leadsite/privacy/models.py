"""Erasures of people: that there was one, when, and how much was removed. Nothing about the person."""

from django.db import models
from django.db.models import Q

from leadsite.core.models import OwnedModel


class Erasure(OwnedModel):
    """The erasure of one person.

    The life of an erasure: the transaction that inserts it has removed the person's own rows. `pending` says by what
    the rest is found: stored deliveries, events, refused rows, mentions in texts of others. It is encrypted, and null
    once everything is searched (`finished_at`): a worker continues where a process was killed.
    """

    erased_at = models.DateTimeField(help_text="What was written until then is old, and does not come back.")
    finished_at = models.DateTimeField(null=True)
    pending = models.TextField(null=True)
    removed = models.JSONField(default=dict, help_text="How many rows were deleted or changed, by table.")

    class Meta:
        db_table = "erasures"
        indexes = [
            # Read by the worker: the unfinished ones, which are few.
            models.Index(fields=["id"], condition=Q(finished_at=None), name="erasures_unfinished"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "id"], name="erasures_owner_unique"),
            models.CheckConstraint(
                condition=Q(finished_at=None, pending__isnull=False) | Q(finished_at__isnull=False, pending=None),
                name="erasures_finished",
            ),
        ]

    def __str__(self) -> str:
        return f"Erasure of {self.erased_at:%Y-%m-%d}"
