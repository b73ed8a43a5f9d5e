"""What became of a file of leads."""

from django.db import models
from django.db.models import F, Q

from leadsite.core.models import OwnedModel


class ImportState(models.TextChoices):
    PREVIEW = "preview"
    TRYING = "trying"
    WAITING = "waiting"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    FINISHED = "finished"
    UNDONE = "undone"


class ImportRun(OwnedModel):
    """One file on its way to being leads.

    The life of a run:
      preview      uploaded in the admin; somebody looks at how it will be read. What a dry run found is in `trial`
      trying       a worker makes the dry run (`progress` is null until one does), and gives it back to preview
      waiting      somebody has said that it be imported; a worker will take it
      running      batches are being stored; `read` is how many rows of the file are done with. An uploaded file
                   whose worker was killed is taken up by another (leads/importing/upload_worker.py)
      interrupted  somebody stopped it, or its process died: --resume, or the page's button, goes on after row `read`
      failed       it could not go on; `error` says why. --resume tries again
      finished     every row is accounted for
      undone       undo_import has taken back what nobody had touched
    Counts and rows are written in one transaction, so they agree whenever the process dies.
    """

    State = ImportState

    file_name = models.CharField(help_text="Without its folder; - is standard input.")
    file_hash = models.CharField(blank=True, default="", help_text="SHA-256; empty for standard input.")
    format = models.CharField(blank=True, default="")
    options = models.JSONField(default=dict, blank=True, help_text="As given to the command or on the page.")
    columns = models.JSONField(default=list, blank=True, help_text="The file's header.")
    state = models.CharField(choices=State, default=State.RUNNING)
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    progress = models.FloatField(null=True, help_text="Fraction of the file that is read, where its size is known.")
    error = models.TextField(blank=True, default="")
    finished_at = models.DateTimeField(null=True, blank=True)
    trial = models.JSONField(null=True, blank=True, help_text="Counts and first refusals of the last dry run.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How many workers were killed over it.")

    class Meta:
        db_table = "import_runs"
        verbose_name = "import"
        verbose_name_plural = "imports"
        indexes = [
            # Read by who imports a file: was it imported before, is there a run to resume.
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


class ImportFile(OwnedModel):
    """A piece of an uploaded file, kept here so that a worker on any machine can read it; gone when the run is over.

    All pieces but the last are of leads/importing/stored_files.py's PIECE.
    """

    run = models.ForeignKey(ImportRun, models.CASCADE, db_constraint=False, db_index=False, related_name="pieces")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "import_files"
        # Also the index by which pieces are read, and by which those of a deleted run are found.
        constraints = [models.UniqueConstraint(fields=["user", "run", "number"], name="import_files_number_unique")]

    def __str__(self) -> str:
        return f"Piece {self.number}"


class ImportRefusal(OwnedModel):
    """A row that was refused, with its own cells: from these the errors file is written."""

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
        return f"Line {self.line}: {self.reason}"
