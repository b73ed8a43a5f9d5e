"""The model CustomerMerge: two customers whom somebody has made one, and what the undo gives back."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.models import Customer
from leadsite.core.models import OwnedModel, person_key


class CustomerMerge(OwnedModel):
    """A customer who is part of another one now. The row stays, so that links to the former page find the new one.

    `moved`: what was moved, and as what it was before (leads/merging/memory.py), until the merge is undone or a day has
    passed. The former name, number and id go with the undo, too. Deleted with the customer `target`; where that one is
    merged in turn, `target` is the new one, and `into_id` stays.
    """

    source_id = models.UUIDField(editable=False, help_text=_("The id that the customer had."))
    into_id = models.UUIDField(editable=False, help_text=_("The id of the customer that it was merged into."))
    target = models.ForeignKey(Customer, models.CASCADE, db_constraint=False, db_index=False, related_name="merges")
    former_name = models.CharField(blank=True, default="")
    former_phone = models.CharField(null=True, blank=True)
    former_whatsapp_user_id = models.CharField(null=True, blank=True)
    person = person_key(verbose_name=_("by"))
    moved: "models.JSONField[dict[str, Any] | None, dict[str, Any] | None]" = models.JSONField(
        null=True, editable=False
    )
    undone_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        db_table = "customer_merges"
        constraints = [models.UniqueConstraint(fields=["user", "id"], name="customer_merges_owner_unique")]
        indexes = [
            # Read by the page of a customer, and by the foreign key when a customer is erased.
            models.Index(fields=["target", "id"], name="customer_merges_by_target"),
            # Read by the former page of a customer.
            models.Index(fields=["source_id", "id"], name="customer_merges_by_source"),
            # Read by the worker, which forgets what it would give back.
            models.Index(fields=["created_at"], condition=Q(moved__isnull=False), name="customer_merges_undoable"),
        ]

    def __str__(self) -> str:
        return self.former_name or self.former_phone or gettext("A customer without number")
