"""Transactions that failed, what the self-check found, and the database's clock."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from leadsite.core.failures import Source
from leadsite.core.models import UuidV7
from leadsite.languages.texts import shown


class FailedTransaction(models.Model):
    """A creation or change that was rolled back for good. Written outside of it, by writer.py.

    `input` and `error` have no phone number and no text of a customer: leadsite/core/describing.py.
    """

    id = models.UUIDField(primary_key=True, db_default=UuidV7(), editable=False)
    at = models.DateTimeField(db_default=Now(), editable=False)
    source = models.TextField(choices=Source)
    operation = models.TextField(db_default="", default="", help_text=_("The service that failed."))
    # No foreign key in the database: the business may not exist, which then is the failure.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("business"),
    )
    sqlstate = models.TextField(_("SQLSTATE"), null=True)
    constraint = models.TextField(null=True)
    attempt = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text=_("The last attempt, counted from 1.")
    )
    request_id = models.TextField(pgettext_lazy("of a program", "request"), db_default="", default="")
    error = models.TextField(db_default="", default="")
    input = models.JSONField(db_default={}, default=dict)

    class Meta:
        db_table = "failed_transactions"
        indexes = [
            # The admin's list, newest first: of a business; of all it is the primary key.
            models.Index(fields=["user", "id"], name="failed_transactions_of_user"),
            # Read by the task that deletes old rows, and by the alert on the Overview.
            models.Index(fields=["at"], name="failed_transactions_by_age"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(source__in=Source.values), name="failed_transactions_source_valid"
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(operation)s failed") % {"operation": shown(self.operation) or gettext("Transaction")}


class IntegrityRun(models.Model):
    """One self-check of the database: integrity.py. The newest has the findings of now, as Finding has them."""

    id = models.UUIDField(primary_key=True, db_default=UuidV7(), editable=False)
    at = models.DateTimeField(db_default=Now(), editable=False)
    seconds = models.FloatField()
    total = models.PositiveIntegerField(help_text=_("How many kinds of errors were found."))
    findings = models.JSONField(default=list)

    class Meta:
        db_table = "integrity_runs"

    def __str__(self) -> str:
        return gettext("%(total)s kinds of errors") % {"total": self.total}


class QueueClock(models.Model):
    """The database's time as the workers of a queue have last seen it: if it was later than now, the clock was moved
    back. Written and read by leadsite/core/queue_worker.py.
    """

    queue = models.TextField(primary_key=True)
    seen_at = models.DateTimeField()

    class Meta:
        db_table = "queue_clocks"

    def __str__(self) -> str:
        return self.queue
