"""manage.py undo_import: removes the leads that an import created."""

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from tqdm import tqdm

from leads.importing.runs import Overtaken, undo
from leads.models import ImportRun

COULD_NOT_RUN = 2


class Command(BaseCommand):
    help = (
        "Remove the leads that an import created, with their conversations and customers, unless they have been changed"
        " or have new messages since; those stay and are counted. Leads that the import updated are not reverted."
        " Exit code: 0 all were removed, 1 some stay, 2 it could not run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=UUID, help="the run's id, as import_leads prints it and the admin shows it")
        parser.add_argument("--json", action="store_true", help="print the summary as one JSON object and nothing else")

    def handle(self, *args: Any, run: UUID, **options: Any) -> None:
        found = ImportRun.objects.filter(pk=run).first()
        if found is None:
            raise CommandError(f"There is no import run {run}.", returncode=COULD_NOT_RUN)
        try:
            with tqdm(total=found.created, unit=" leads", disable=True if options["json"] else None) as bar:
                removed, kept = undo(run=found, tell=lambda removed, kept: bar.update(removed + kept - bar.n))
        except Overtaken as error:
            raise CommandError(str(error), returncode=COULD_NOT_RUN) from error
        except Error as error:
            sentence = f"The database reported an error: {error}".rstrip("\n.") + "."
            raise CommandError(
                f"{sentence} undo_import {run} removes what is left.", returncode=COULD_NOT_RUN
            ) from error
        summary = {"run": str(run), "removed": removed, "left": kept, "updated_before": found.updated}
        self.stdout.write(json.dumps(summary) if options["json"] else self.describe(summary))
        if kept:
            raise CommandError(f"{kept} leads stay: they have been changed or have new messages since.", returncode=1)

    @staticmethod
    def describe(summary: dict[str, Any]) -> str:
        text = f"{summary['removed']:,} leads removed."
        if summary["updated_before"]:
            text += f" {summary['updated_before']:,} rows had updated leads; those updates stay."
        return text
