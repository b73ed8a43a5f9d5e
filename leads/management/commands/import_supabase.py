"""manage.py import_supabase: takes the tables of the previous system (Next.js and Supabase) into ours."""

import json
import time
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from leads.importing.phones.regions import UnknownRegion, read_region
from leads.importing.progress_bar import stopped_by_signals
from leads.migrating.migration import OUTCOMES, Migration, Result
from leads.migrating.owners import LEAVE_OUT, OwnersUnclear
from leads.migrating.progress import MigrationProgress
from leads.migrating.rows import Reading
from leads.migrating.sources.files import read_source
from leads.migrating.sources.records import TABLES, UnreadableSource
from leadsite.accounts.models import User
from leadsite.accounts.secret_options import HELP, read_secret
from leadsite.core import clock

COULD_NOT_RUN: Final = 2
INTERRUPTED: Final = 130  # the shell's exit code for a program ended by Ctrl-C
BATCH_SIZE: Final = 500


class Command(BaseCommand):
    help = (
        "Take the tables conversations, leads and messages of the previous system (Next.js and Supabase) with their ids"
        " and dates: from a dump in SQL (pg_dump, supabase db dump --data-only), a folder of CSV files as its table"
        " editor exports them, or its database (postgresql://…). Leads without conversation, doubled conversations and"
        " leads, and other faults are repaired, and listed in the folder --errors, as are the rows that are refused."
        " Rows that are here already are skipped and not changed: run it again after a stop, or with a newer dump. See"
        " docs/migrating.md. Exit code: 0 all rows are stored, 1 some were refused, 2 it could not run, 130 stopped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "source",
            nargs="?",
            help=f"a dump (.sql, .sql.gz), a folder, or postgresql://…, which has a password{HELP}",
        )
        for table in TABLES:
            parser.add_argument(f"--{table}", metavar="FILE", help=f"the table {table}, as CSV")
        parser.add_argument("--user", metavar="EMAIL", help="the business that the rows belong to")
        parser.add_argument(
            "--user-map",
            action="append",
            default=[],
            metavar="ID=EMAIL",
            help="the business of a user of the previous system, by the user's id there; ID=- leaves the rows out",
        )
        parser.add_argument("--region", help="country of phone numbers that have no country code, such as DE")
        parser.add_argument(
            "--international",
            action="store_true",
            help="phone numbers without a plus sign begin with their country code, as some gateways write them",
        )
        parser.add_argument("--errors", type=Path, metavar="FOLDER", help="for refused and repaired rows, as CSV files")
        parser.add_argument("--dry-run", action="store_true", help="store nothing, only report what would be stored")
        parser.add_argument(
            "--batch-size", type=int, default=BATCH_SIZE, metavar="N", help=f"customers at once, default: {BATCH_SIZE}"
        )
        parser.add_argument("--json", action="store_true", help="print the summary as one JSON object and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        try:
            result = self.migrate(options)
        except (UnreadableSource, OwnersUnclear, UnknownRegion) as error:
            raise CommandError(str(error), returncode=COULD_NOT_RUN) from error
        except OSError as error:
            raise CommandError(
                f"{error.filename or options['source']}: {error.strerror or error}.", returncode=COULD_NOT_RUN
            ) from error
        except Error as error:
            sentence = f"The database reported an error: {error}".rstrip("\n.")
            raise CommandError(
                f"{sentence}. What was stored until then stays; run it again to continue.", returncode=COULD_NOT_RUN
            ) from error
        self.summarise(result, options, round(time.monotonic() - started, 1))

    def migrate(self, options: dict[str, Any]) -> Result:
        files = {table: options[table] for table in TABLES if options[table]}
        if options["source"] is None and not files:
            raise UnreadableSource("Name a dump, a folder of CSV files or postgresql://…, or give --leads and others.")
        if not 1 <= options["batch_size"] <= 5000:
            raise CommandError("--batch-size must be a number from 1 to 5000.", returncode=COULD_NOT_RUN)
        source = read_secret("source", options["source"]) if options["source"] else None
        region = read_region(options["region"]) if options["region"] else None
        with MigrationProgress(quiet=options["json"]) as progress, stopped_by_signals(progress):
            return Migration(
                reading=Reading(region, options["international"], clock.now()),
                only=_business(options["user"]) if options["user"] else None,
                mapped=dict(map(_read_mapping, options["user_map"])),
                businesses=dict(User.objects.values_list("email", "pk")),
                batch_size=options["batch_size"],
                dry_run=options["dry_run"],
                errors=options["errors"],
                tell=progress,
            ).run(read_source(source, files))

    def summarise(self, result: Result, options: dict[str, Any], seconds: float) -> None:
        failed = result.failed
        state = "interrupted" if result.stopped else "dry run" if options["dry_run"] else "finished"
        if options["json"]:
            summary = {"state": state, "tables": result.tables, "made": result.made, "seconds": seconds}
            summary["not_read"] = {table: names for table, names in result.loaded.unread.items() if names}
            summary["errors"] = str(options["errors"]) if options["errors"] else None
            self.stdout.write(json.dumps(summary))
        else:
            self.print_summary(result, options, seconds)
        if result.stopped:
            raise CommandError("Stopped. Run it again to continue.", returncode=INTERRUPTED)
        if failed:
            where = f"see {options['errors']}" if options["errors"] else "--errors FOLDER writes them to files"
            raise CommandError(f"{failed} rows were refused: {where}.", returncode=1)

    def print_summary(self, result: Result, options: dict[str, Any], seconds: float) -> None:
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was stored.")
        for table, names in result.loaded.unread.items():
            if names:
                self.stdout.write(f"Not read of {table}: {', '.join(names)}.")
        self.stdout.write(f"{'':>14}{'read':>12}" + "".join(f"{outcome:>12}" for outcome in OUTCOMES))
        for table, counts in result.tables.items():
            numbers = "".join(f"{counts[name]:>12,}" for name in ("read", *OUTCOMES))
            self.stdout.write(f"{table:>14}{numbers}")
        made = [f"{number:,} {table}" for table, number in result.made.items() if number]
        if made:
            self.stdout.write(f"Made for rows that had none: {' and '.join(made)}.")
        if result.tables and not any(counts["created"] + counts["repaired"] for counts in result.tables.values()):
            self.stdout.write("Nothing was new.")
        self.stdout.write(f"{seconds} s.")


def _business(email: str) -> UUID:
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        raise OwnersUnclear(f"There is no business with the e-mail {email}.")
    return user.pk


def _read_mapping(pair: str) -> tuple[str, UUID | None]:
    user, separator, email = pair.partition("=")
    if not separator or not user.strip() or not email.strip():
        raise OwnersUnclear(f"--user-map takes ID=EMAIL, not {pair!r}.")
    return user.strip().lower(), None if email.strip() == LEAVE_OUT else _business(email)
