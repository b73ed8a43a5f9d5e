"""The model ImportChange: what an import changed in a lead or a customer that was there, so that it can be undone."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from django.db import models
from django.db.models import Q

from conversations.models import Customer
from leads.models.imports import ImportRun
from leadsite.core.arrays import array
from leadsite.core.models import OwnedModel
from leadsite.core.statements import fetch_rows


class RecordedChange(NamedTuple):
    """Fields of a lead or a customer, with their values before and after. `lead_updated_at` is the lead's before."""

    target_id: UUID
    before: Mapping[str, str]
    after: Mapping[str, str]
    lead_updated_at: datetime | None = None


# Of several batches that change the same lead, the first one's former values and time count, and the last one's new
# values.
_RECORD: Final = """
    INSERT INTO import_changes AS c (user_id, run_id, {target}, before, after, lead_updated_at, created_at,
                                     updated_at)
    SELECT %s, %s, given.id, given.before, given.after, given.lead_updated_at, now(), now()
    FROM unnest(%s::uuid[], %s::jsonb[], %s::jsonb[], %s::timestamptz[])
        AS given (id, before, after, lead_updated_at)
    ON CONFLICT (run_id, {target}) DO UPDATE SET
        before = excluded.before || c.before, after = c.after || excluded.after, times = c.times + 1,
        updated_at = now()
"""
_RECORD_LEADS: Final = _RECORD.format(target="lead_id")
_RECORD_CUSTOMERS: Final = _RECORD.format(target="customer_id")


class ImportChangeManager(models.Manager["ImportChange"]):
    def record(
        self,
        *,
        user_id: UUID,
        run_id: UUID,
        leads: Sequence[RecordedChange] = (),
        customers: Sequence[RecordedChange] = (),
    ) -> None:
        """Store what a batch of the run has changed. Caller holds the transaction of the change."""
        for statement, changes in ((_RECORD_LEADS, leads), (_RECORD_CUSTOMERS, customers)):
            if changes:
                fetch_rows(
                    statement,
                    [
                        user_id,
                        run_id,
                        array(change.target_id for change in changes),
                        array(json.dumps(change.before) for change in changes),
                        array(json.dumps(change.after) for change in changes),
                        array(change.lead_updated_at for change in changes),
                    ],
                )


class ImportChange(OwnedModel):
    """What a run changed in one lead, or in one customer: fields with their values before it and after it.

    The foreign keys delete it with its run, and with the lead or the customer.
    """

    run = models.ForeignKey(ImportRun, models.CASCADE, db_constraint=False, db_index=False, related_name="changes")
    lead = models.ForeignKey(
        "leads.Lead", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    customer = models.ForeignKey(
        Customer, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    before = models.JSONField()
    after = models.JSONField()
    # By these two the undo knows a lead that the run has created and nobody else has changed (leads/services/undo.py).
    times = models.PositiveIntegerField(default=1, db_default=1, help_text="How often the run has changed it.")
    lead_updated_at = models.DateTimeField(null=True, help_text="Of the lead, before the run's first change.")

    objects = ImportChangeManager()

    class Meta:
        db_table = "import_changes"
        indexes = [
            # Read by the foreign keys, when a lead or a customer is deleted.
            models.Index(fields=["lead"], condition=Q(lead__isnull=False), name="import_changes_by_lead"),
            models.Index(fields=["customer"], condition=Q(customer__isnull=False), name="import_changes_by_customer"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "id"], name="import_changes_owner_unique"),
            # Their indexes are also read by undo_import.
            models.UniqueConstraint(fields=["run", "lead"], name="import_changes_lead_unique"),
            models.UniqueConstraint(fields=["run", "customer"], name="import_changes_customer_unique"),
            models.CheckConstraint(
                condition=Q(lead__isnull=False, customer__isnull=True) | Q(lead__isnull=True, customer__isnull=False),
                name="import_changes_target",
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(f"{name}: {self.before[name]!r} -> {after!r}" for name, after in self.after.items())
