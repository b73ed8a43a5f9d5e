"""manage.py import_leads: imports a file of leads, and reports the rows that were refused."""

import gc
import json
import time
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from leads.importing.batches import CLEARABLE, Counts, Options, Refusal
from leads.importing.columns.fields import UnknownColumns
from leads.importing.command_line import (
    add_column_arguments,
    describe_changes,
    open_input,
    parse_values,
    read_table,
    reread_table,
)
from leads.importing.dry_run import FirstChanges
from leads.importing.importer import Importer
from leads.importing.phones.regions import UnknownRegion, read_region
from leads.importing.progress_bar import Progress, stopped_by_signals
from leads.importing.readers.files import FORMATS, UnreadableFile
from leads.importing.resume import OptionsChanged
from leads.importing.runs import BATCH_SIZE, Overtaken, RowsRefused
from leads.models import ImportRun, Lead
from leads.services.file_rows import ON_DUPLICATE, SKIP
from leadsite.accounts.models import User
from leadsite.core.postgresql.base import CommitUnknown

COULD_NOT_RUN: Final = 2
INTERRUPTED: Final = 130  # the shell's exit code for a program ended by Ctrl-C
SHOWN_REFUSALS: Final = 5
READ_WITH: Final = ("format", "encoding", "delimiter", "sheet", "header_row", "map")
# Rows whose changes a dry run lists with --json, and prints.
LISTED_CHANGES: Final = 100
SHOWN_CHANGES: Final = 20
REASONS: Final = (UnreadableFile, UnknownColumns, UnknownRegion, Overtaken, OptionsChanged, RowsRefused)


class Command(BaseCommand):
    help = (
        "Import a CSV, JSON lines, XLSX, ODS or vCard file: each row becomes a lead with its conversation. - reads"
        " standard input. Invalid rows are refused with their reason, the others are stored. A lead that exists already"
        " (by external id, or by customer, type and details) is skipped, so that a file can be imported again."
        " Exit code: 0 all rows are stored, 1 some were refused, 2 it could not run, 130 stopped (continue with"
        " --resume)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the file, or - for standard input")
        parser.add_argument("--user", required=True, metavar="EMAIL", help="the business that the leads belong to")
        parser.add_argument("--format", choices=FORMATS, help="default: by the file's name and beginning")
        parser.add_argument("--encoding", help="of CSV and JSON lines (default: UTF-8, or as the byte order mark says)")
        parser.add_argument("--delimiter", help="of CSV (default: detected)")
        parser.add_argument("--sheet", metavar="NAME", help="of a workbook (default: the one with a column of phones)")
        parser.add_argument("--header-row", type=int, metavar="N", help="line with the column names (default: found)")
        add_column_arguments(parser)
        parser.add_argument("--type", choices=Lead.Type.values, help="of new leads without one (default: inquiry)")
        parser.add_argument("--status", choices=Lead.Status.values, help="of new leads without one (default: new)")
        parser.add_argument("--source", choices=("import", "manual"), default="import", help="default: import")
        parser.add_argument(
            "--region",
            help="country of phone numbers without country code (default: the business's)",
        )
        parser.add_argument("--on-duplicate", choices=ON_DUPLICATE, default=SKIP, help=f"default: {SKIP}")
        parser.add_argument(
            "--blank-clears",
            action="append",
            default=[],
            choices=CLEARABLE,
            metavar="FIELD",
            help="with --on-duplicate update, a blank cell of this field empties it: " + ", ".join(CLEARABLE),
        )
        parser.add_argument("--errors", type=Path, metavar="PATH", help="CSV file for the rows that are refused")
        parser.add_argument("--dry-run", action="store_true", help="store nothing, only report what would be stored")
        parser.add_argument("--atomic", action="store_true", help="store all rows, or none where one is refused")
        parser.add_argument("--batch-size", type=int, default=BATCH_SIZE, metavar="N", help=f"default: {BATCH_SIZE}")
        parser.add_argument("--resume", action="store_true", help="continue the last run of this file")
        parser.add_argument("--again", action="store_true", help="import a file again that was imported before")
        parser.add_argument("--json", action="store_true", help="print the summary as one JSON object and nothing else")

    def run_from_argv(self, argv: list[str]) -> None:
        # All that is loaded by now stays until the end. Unfrozen, each full collection reads it again, and every batch
        # makes enough objects for one: a third of the CPU.
        gc.freeze()
        super().run_from_argv(argv)

    def handle(self, *args: Any, **options: Any) -> None:
        self.started, self.resumable = time.monotonic(), False
        self.shown: set[int] = set()
        self.changes = FirstChanges(LISTED_CHANGES)
        try:
            self.check_options(options)
            with open_input(options["file"]) as (stream, digest):
                self.run_import(stream, digest, options)
        except REASONS as error:
            raise CommandError(str(error), returncode=COULD_NOT_RUN) from error
        except OSError as error:
            raise CommandError(
                f"{error.filename or options['file']}: {error.strerror}.", returncode=COULD_NOT_RUN
            ) from error
        except Error as error:
            sentence = f"The database reported an error: {error}".rstrip("\n.") + "."
            if self.resumable:
                sentence += " What was stored until then stays; --resume continues the import."
            elif isinstance(error, CommitUnknown):
                sentence += " The file may have been stored: --resume without --atomic stores it where it was not."
            elif options["atomic"] or options["dry_run"]:
                sentence += " Nothing was stored: run the command again."
            raise CommandError(sentence, returncode=COULD_NOT_RUN) from error

    def check_options(self, options: dict[str, Any]) -> None:
        if not 1 <= options["batch_size"] <= 50_000:
            raise CommandError("--batch-size must be a number from 1 to 50000.", returncode=COULD_NOT_RUN)
        if options["resume"] and (options["atomic"] or options["dry_run"] or options["file"] == "-"):
            raise CommandError(
                "--resume cannot be used with --atomic, --dry-run or standard input.",
                returncode=COULD_NOT_RUN,
            )
        errors: Path | None = options["errors"]
        if errors is not None and errors.exists() and options["file"] != "-" and errors.samefile(options["file"]):
            raise CommandError("--errors must not be the imported file itself.", returncode=COULD_NOT_RUN)

    def run_import(self, stream: BinaryIO, digest: str, options: dict[str, Any]) -> None:
        user = User.objects.filter(email=options["user"].strip().lower()).first()
        if user is None:
            raise CommandError(f"There is no business with the e-mail {options['user']}.", returncode=COULD_NOT_RUN)
        import_options = _options_for_rows(options, country=user.country)
        reading = import_options.reading
        table, columns = read_table(stream, options, reading)
        reopen = partial(reread_table, stream, options, reading) if digest else None
        with ExitStack() as stack:
            progress = stack.enter_context(Progress(quiet=options["json"]))
            stack.enter_context(stopped_by_signals(progress))
            importer = Importer(
                user=user,
                file=options["file"],
                table=table,
                columns=columns,
                options=import_options,
                read_with={name: options[name] for name in READ_WITH},
                batch_size=options["batch_size"],
                errors=options["errors"],
                show=self.show if not options["json"] else None,
                tell=progress,
                reopen=reopen,
            )
            if options["dry_run"]:
                counts, run = importer.dry_run(digest, again=options["again"], show_change=self.changes.add), None
            else:
                run = importer.start_run(digest, resume=options["resume"], again=options["again"])
                self.resumable = not options["atomic"] and options["file"] != "-"
                counts = importer.import_atomically(run) if options["atomic"] else importer.import_in_batches(run)
        self.summarise(importer, options, run, counts, stopped=progress.stopped)

    def show(self, refusal: Refusal) -> None:
        """Print the first refused rows; all of them are in the errors file and on the run's page."""
        # A whole file whose transaction is repeated refuses them again.
        if refusal.row.line not in self.shown and len(self.shown) < SHOWN_REFUSALS:
            self.shown.add(refusal.row.line)
            about = f"{refusal.field}: " if refusal.field else ""
            self.stderr.write(f"line {refusal.row.line}: {about}{refusal.reason}")

    def summarise(
        self, importer: Importer, options: dict[str, Any], run: ImportRun | None, counts: Counts, *, stopped: bool
    ) -> None:
        summary: dict[str, Any] = {
            "run": str(run.pk) if run else None,
            "file": options["file"],
            "state": "interrupted" if stopped else "dry run" if run is None else "finished",
            **asdict(counts),
            "seconds": round(time.monotonic() - self.started, 1),
            "imported_before": str(importer.before.complete.pk) if importer.before.complete else None,
            "imported_before_reason": importer.before.reason,
            "errors": str(options["errors"]) if options["errors"] and counts.failed else None,
            "columns": importer.columns.names,
            "not_read": list(importer.columns.ignored),
            "notes": importer.notes(),
        }
        if run is None:
            summary |= {"changed_fields": self.changes.counts, "changes": self.changes.shown()}
        if options["json"]:
            self.stdout.write(json.dumps(summary))
        else:
            self.print_summary(summary, importer)
        if stopped:
            raise CommandError("Stopped. --resume continues it." if run else "Stopped.", returncode=INTERRUPTED)
        if counts.failed:
            where = options["errors"] or "--errors PATH writes them to a file that can be corrected and imported"
            raise CommandError(f"{counts.failed} of {counts.read} rows were refused: {where}.", returncode=1)

    def print_summary(self, summary: dict[str, Any], importer: Importer) -> None:
        if summary["run"] is None:
            self.stdout.write("Dry run: nothing was stored.")
        if importer.before.run is not None:
            self.stdout.write(f"{importer.before.reason} --again looks for each row.")
        fields = ", ".join(f"{column!r} is {field}" for field, column in importer.columns.names.items())
        self.stdout.write(f"Columns: {fields}.")
        if importer.columns.ignored:
            self.stdout.write(f"Not read: {', '.join(map(repr, importer.columns.ignored))}.")
        for note in summary["notes"]:
            self.stdout.write(note)
        for line in describe_changes(self.changes, shown=SHOWN_CHANGES):
            self.stdout.write(line)
        for name in Counts.__slots__:
            self.stdout.write(f"{summary[name]:>10,}  {name}")
        if summary["run"]:
            self.stdout.write(f"Run {summary['run']}, {summary['seconds']} s. undo_import RUN reverts it.")


def _options_for_rows(options: dict[str, Any], *, country: str) -> Options:
    """Raises UnknownRegion, UnknownColumns."""
    return Options(
        on_duplicate=options["on_duplicate"],
        source=options["source"],
        defaults={name: options[name] for name in ("type", "status") if options[name]},
        region=read_region(options["region"]) if options["region"] else country or None,
        blank_clears=sorted(set(options["blank_clears"])),
        ignore=sorted(set(options["ignore"])),
        values=parse_values(options["map_value"]),
        keep_dates=options["keep_dates"],
        date_order=options["date_order"],
    )
