"""manage.py undo_import: removes the leads that an import created, and gives back what it changed in others."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from tqdm import tqdm

from leads.importing.runs import Overtaken, undo
from leads.models import ImportChange, ImportRun
from leads.services.undo import Undone

COULD_NOT_RUN = 2


class Command(BaseCommand):
    help = (
        "Remove the leads that an import created, with their conversations and customers, and give back what it changed"
        " in other leads and in names of customers. What has been changed since, or written in, stays and is"
        " counted. Exit code: 0 everything was undone, 1 something stays, 2 it could not run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=UUID, help="the run's id, as import_leads prints it and the admin shows it")
        parser.add_argument("--json", action="store_true", help="print the summary as one JSON object and nothing else")

    def handle(self, *args: Any, run: UUID, **options: Any) -> None:
        found = ImportRun.objects.filter(pk=run).first()
        if found is None:
            raise CommandError(f"There is no import run {run}.", returncode=COULD_NOT_RUN)
        total = found.created + ImportChange.objects.filter(run=found).count()
        try:
            with tqdm(total=total, unit=" leads", disable=True if options["json"] else None) as bar:
                undone = undo(run=found, tell=lambda undone: bar.update(sum(asdict(undone).values()) - bar.n))
        except Overtaken as error:
            raise CommandError(str(error), returncode=COULD_NOT_RUN) from error
        except Error as error:
            sentence = f"The database reported an error: {error}".rstrip("\n.") + "."
            raise CommandError(
                f"{sentence} undo_import {run} undoes what is left.", returncode=COULD_NOT_RUN
            ) from error
        self.stdout.write(
            json.dumps({"run": str(run), **asdict(undone)}) if options["json"] else "\n".join(describe(undone))
        )
        if undone.remaining:
            raise CommandError("\n".join(describe_remaining(undone)), returncode=1)


def describe(undone: Undone) -> Iterator[str]:
    yield f"{undone.removed:,} leads removed."
    if undone.restored:
        yield f"{undone.restored:,} updated leads have their former values again."
    if undone.names_restored:
        yield f"{undone.names_restored:,} customers have their former names again."


def describe_remaining(undone: Undone) -> Iterator[str]:
    if undone.left == 1:
        yield "1 lead stays: it, or its conversation, has been changed since."
    elif undone.left:
        yield f"{undone.left} leads stay: they, or their conversations, have been changed since."
    if undone.kept_changes:
        leads = "1 updated lead keeps" if undone.kept_changes == 1 else f"{undone.kept_changes} updated leads keep"
        yield f"{leads} what has been changed since."
    if undone.names_kept == 1:
        yield "1 customer keeps a name that has been changed since."
    elif undone.names_kept:
        yield f"{undone.names_kept} customers keep names that have been changed since."
