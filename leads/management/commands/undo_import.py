"""manage.py undo_import: takes back what an import created."""

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
        "Remove the leads that an import created and nobody has touched since, with the conversations and customers"
        " that came with them. What was changed, or written to, stays and is counted; rows that the import updated stay"
        " as it left them. Exit code: 0 all of it is gone, 1 something stays, 2 it could not run."
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
                gone, left = undo(run=found, tell=lambda gone, left: bar.update(gone + left - bar.n))
        except Overtaken as error:
            raise CommandError(str(error), returncode=COULD_NOT_RUN) from error
        except Error as error:
            raise CommandError(f"The database does not do it: {error}", returncode=COULD_NOT_RUN) from error
        summary = {"run": str(run), "removed": gone, "left": left, "updated_before": found.updated}
        self.stdout.write(json.dumps(summary) if options["json"] else self.words(summary))
        if left:
            raise CommandError(f"{left} leads stay: somebody has touched them since.", returncode=1)

    @staticmethod
    def words(summary: dict[str, Any]) -> str:
        words = f"{summary['removed']:,} leads removed."
        if summary["updated_before"]:
            words += f" {summary['updated_before']:,} rows had updated leads; those are as the import left them."
        return words
