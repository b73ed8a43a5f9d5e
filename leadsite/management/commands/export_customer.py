"""Writes everything that is kept about one customer of a business."""

import shutil
import sys
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from conversations.media.files import FileMissing, StorageAway, open_file
from leadsite.management.commands.erase_customer import add_person_arguments, chosen_customer
from leadsite.privacy.exporting import FILE_NAME, archive_of, as_json, export_customer, stored_files


class Command(BaseCommand):
    help = (
        "Writes everything that is kept about a customer as JSON: to standard output, to a file, to customer.json in a"
        " folder, or into a .zip; the last two with the files of messages. docs/privacy.md describes the document."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_person_arguments(parser)
        parser.add_argument("--output", metavar="PATH", help="a folder, or a file; .zip: an archive")

    def handle(self, *args: Any, **options: Any) -> None:
        document = export_customer(chosen_customer(options))
        if not options["output"] or options["output"] == "-":
            sys.stdout.write(as_json(document).decode() + "\n")
            return
        path = Path(options["output"])
        is_folder = path.is_dir() or options["output"].endswith("/") or not path.suffix
        if is_folder:
            path = path / FILE_NAME
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Only the operator reads it.
            path.touch(mode=0o600)
            with path.open("wb") as into:
                into.writelines(archive_of(document) if path.suffix == ".zip" else [as_json(document)])
            if is_folder:
                _write_files(document, path.parent)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        except StorageAway as error:
            # The files are part of what is kept: without them the export would be incomplete.
            raise CommandError(str(error)) from error
        self.stdout.write(f"Written: {path}")


def _write_files(document: dict[str, Any], folder: Path) -> None:
    """Write the files of messages beside the JSON. Raises OSError, StorageAway."""
    for name, stored in stored_files(document):
        place = folder / name
        place.parent.mkdir(mode=0o700, exist_ok=True)
        with suppress(FileMissing), open_file(stored) as file:
            place.touch(mode=0o600)
            with place.open("wb") as into:
                shutil.copyfileobj(file, into)
