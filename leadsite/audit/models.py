"""What was changed, when, and by whom: written by triggers (write_audit.sql), never by Python."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditAction(models.TextChoices):
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


class AuditEntry(models.Model):
    """A change of one row. `id` increases with the changes of a row; `at` is by the database's clock.

    The table has a partition for each month, and no primary key, because that would include the time: 0001_initial.py.
    """

    Action = AuditAction

    id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    transaction_id = models.BigIntegerField(help_text="The same for all that was changed at once.")
    table_name = models.TextField()
    row_id = models.UUIDField()
    user_id = models.UUIDField(_("business"), null=True)
    action = models.TextField(choices=Action)
    actor_kind = models.TextField()
    actor_id = models.TextField()
    actor_name = models.TextField()
    request_id = models.TextField()
    before: models.JSONField[Any, Any] = models.JSONField(null=True)
    after: models.JSONField[Any, Any] = models.JSONField(null=True)

    class Meta:
        managed = False
        db_table = "audit_entries"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.action} of {self.table_name} by {self.actor_name or self.actor_kind}"
