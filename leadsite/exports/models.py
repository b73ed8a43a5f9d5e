"""The models of exports that a worker writes: what somebody asked for, and the file in pieces."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from leadsite.core.models import OwnedModel


class ExportState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    FINISHED = "finished", pgettext_lazy("import, export or delivery", "Finished")
    FAILED = "failed", pgettext_lazy("import, export or delivery", "Failed")


class Export(OwnedModel):
    """A list that somebody has exported, too long to be sent at once.

    waiting -> running -> finished (the file is there until it expires) or failed (`error` says why). If the worker is
    killed, another one begins from the start, three times at most (`attempts`); a worker that is stopped returns it to
    waiting. Rows and file are deleted after a day.
    """

    State = ExportState

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        editable=False,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("by"),
    )
    of_all = models.BooleanField(default=False, help_text="Of all businesses: made by an operator, and for operators.")
    kind = models.CharField(help_text="The list: lead, deletedlead, conversation, customer.")
    query = models.TextField(help_text="The filter and search of the list, as in its address.")
    columns: "models.JSONField[list[str], list[str]]" = models.JSONField()
    format = models.CharField()
    language = models.CharField(default="en", help_text="That of the page on which it was asked for.")
    state = models.CharField(choices=State, default=State.WAITING)
    total = models.PositiveIntegerField(default=0, help_text="How many rows there were at the beginning.")
    done = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True, default="")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "exports"
        constraints = [
            models.UniqueConstraint(fields=["user", "id"], name="exports_owner_unique"),
            models.CheckConstraint(condition=Q(state__in=ExportState.values), name="exports_state_valid"),
        ]
        indexes = [
            # Read by the list of a person's exports, and by the foreign key when a user is deleted.
            models.Index(fields=["person", "id"], name="exports_by_person"),
            # Read by the worker, which deletes those of yesterday.
            models.Index(fields=["created_at"], name="exports_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.format})"


class ExportFile(OwnedModel):
    """A piece of the file of an export."""

    export = models.ForeignKey(Export, models.CASCADE, db_constraint=False, db_index=False, related_name="pieces")
    number = models.PositiveIntegerField()
    content: "models.BinaryField[Any, Any]" = models.BinaryField()

    class Meta:
        db_table = "export_files"
        constraints = [models.UniqueConstraint(fields=["user", "export", "number"], name="export_files_number_unique")]

    def __str__(self) -> str:
        return f"Piece {self.number}"
