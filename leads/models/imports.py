"""The models of imports: the run, the uploaded file and the refused rows."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from leadsite.core.models import OwnedModel
from leadsite.languages.texts import shown


class ImportState(models.TextChoices):
    PREVIEW = "preview", _("Preview")
    TRYING = "trying", _("Trying")
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    INTERRUPTED = "interrupted", _("Interrupted")
    FAILED = "failed", pgettext_lazy("import, export or delivery", "Failed")
    FINISHED = "finished", pgettext_lazy("import, export or delivery", "Finished")
    UNDOING = "undoing", _("Undoing")
    UNDONE = "undone", pgettext_lazy("import, export or delivery", "Undone")


class ImportRun(OwnedModel):
    """The import of one file of leads.

    The life of a run:
      preview      uploaded in the admin; a worker reads its first rows (`preview` is null until then), and staff check
                   how it will be read. The result of a dry run is in `trial`
      trying       a worker makes the dry run (`progress` is null until it starts); then it is `preview` again
      waiting      staff started the import; a worker will process it
      running      batches are being stored; `read` is the number of rows processed. If the worker of an uploaded file
                   is killed, another one continues (leads/importing/upload_worker.py)
      interrupted  staff stopped it, or its process died: --resume, or the page's button, continues after row `read`
      failed       it could not continue; `error` says why. --resume tries again
      finished     all rows are processed
      undoing      undo_import is removing the leads; it cannot be resumed. If that is killed, undo_import begins again
      undone       undo_import has removed the leads that had not been changed
    Counts and rows are written in one transaction, so they agree even if the process dies.
    """

    State = ImportState

    file_name = models.CharField(help_text=_("Without its folder; - is standard input."))
    file_hash = models.CharField(blank=True, default="", help_text=_("SHA-256; empty for standard input."))
    format = models.CharField(blank=True, default="")
    options = models.JSONField(default=dict, blank=True, help_text=_("As given to the command or on the page."))
    columns = models.JSONField(default=list, blank=True, help_text=_("The file's header."))
    notes = models.JSONField(default=list, blank=True, help_text=_("Sentences on what was not read of the file."))
    state = models.CharField(choices=State, default=State.RUNNING)
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    progress = models.FloatField(null=True, help_text=_("Fraction of the file that is read, where its size is known."))
    error = models.TextField(blank=True, default="")
    finished_at = models.DateTimeField(null=True, blank=True)
    preview = models.JSONField(
        null=True, blank=True, help_text=_("Header and first rows; null until a worker read them.")
    )
    trial = models.JSONField(null=True, blank=True, help_text=_("Counts and first refusals of the last dry run."))
    attempts = models.PositiveSmallIntegerField(default=0, help_text=_("How many workers were killed during it."))
    # Counts the processes that have taken the run, and the decisions of staff about it: see `claimed`.
    claim = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        db_table = "import_runs"
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        indexes = [
            # Read when an import starts: was the file imported before, is there a run to resume.
            models.Index(fields=["user", "file_hash", "id"], name="import_runs_by_file"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "id"], name="import_runs_owner_unique"),
            models.CheckConstraint(
                condition=Q(state__in=ImportState.values),
                name="import_runs_state_valid",
            ),
            models.CheckConstraint(
                condition=Q(read=F("created") + F("updated") + F("skipped") + F("failed")),
                name="import_runs_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    def claimed(self) -> models.QuerySet["ImportRun"]:
        """The run's row while the process that has taken it may write it: until another one takes it, because this one
        was suspended for so long, or staff decide something else.
        """
        return ImportRun.objects.filter(pk=self.pk, claim=self.claim)


class ImportFile(OwnedModel):
    """A piece of an uploaded file, stored so that a worker on any machine can read it; deleted when the run is over.

    All pieces but the last have the size PIECE of leads/importing/stored_files.py.
    """

    run = models.ForeignKey(ImportRun, models.CASCADE, db_constraint=False, db_index=False, related_name="pieces")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "import_files"
        # Its index is also read to find the pieces of a run.
        constraints = [models.UniqueConstraint(fields=["user", "run", "number"], name="import_files_number_unique")]

    def __str__(self) -> str:
        return f"Piece {self.number}"


class ImportRefusal(OwnedModel):
    """A refused row with its cells, from which the errors file is written."""

    run = models.ForeignKey(ImportRun, models.CASCADE, db_constraint=False, db_index=False, related_name="refusals")
    line = models.PositiveIntegerField()
    field = models.CharField(blank=True, default="")
    reason = models.TextField()
    cells = models.JSONField(default=list)

    class Meta:
        db_table = "import_refusals"
        indexes = [
            # Read by the errors file, in the order of the file.
            models.Index(fields=["run", "line"], name="import_refusals_by_run"),
        ]
        constraints = [models.UniqueConstraint(fields=["user", "id"], name="import_refusals_owner_unique")]

    def __str__(self) -> str:
        return gettext("Line %(line)s: %(reason)s") % {"line": self.line, "reason": shown(self.reason)}
