"""manage.py backup: the database, the media and a manifest, in a new folder."""

import json
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from leadsite.backups.archive import ClockWentBack, NoRoom, default_folder, remove_old
from leadsite.backups.creating import BackupFailed, RoleCannotRead, create_backup, seconds_since
from leadsite.backups.programs import ProgramMissing
from leadsite.core import clock

COULD_NOT_RUN: Final = 2


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("must be 1 or more: the newest backup is always kept")
    return int(text)


class Command(BaseCommand):
    help = (
        "Make a backup: a new folder with the database (pg_dump, custom format), the media, and a manifest"
        " with counts and digests. The site may run. FIELD_ENCRYPTION_KEYS and SECRET_KEY are named by fingerprints and"
        " are not in it: keep a copy elsewhere. Exit code 0: done, 1: failed"
        " (the text names the backup if there is one), 2: could not begin."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, metavar="DIR", help="by default LEADSITE_DATA_DIR/backups")
        parser.add_argument(
            "--keep", type=positive, metavar="N", help="afterwards delete all but the newest N backups there"
        )
        parser.add_argument("--json", action="store_true", help="print path, manifest and deleted backups as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = (options["folder"] or default_folder()).resolve()
        started = time.monotonic()
        try:
            path, manifest = create_backup(folder=folder, progress=self.progress)
            keep = options["keep"]
            removed = remove_old(folder, keep=keep, made=path, now=clock.now()) if keep else []
        except (NoRoom, ProgramMissing, RoleCannotRead, Error) as error:
            raise CommandError(str(error).strip(), returncode=COULD_NOT_RUN) from error
        except BackupFailed as error:
            raise CommandError(f"pg_dump failed, and no backup was made.\n{error}") from error
        except ClockWentBack as error:
            raise CommandError(f"{path} was made. {error}") from error
        except OSError as error:
            raise CommandError(f"{error.filename or folder} cannot be written: {error.strerror}.") from error
        if options["json"]:
            done = {"path": str(path), "manifest": asdict(manifest), "removed": [str(one) for one in removed]}
            self.stdout.write(json.dumps(done))
            return
        size = sum(contents.bytes for contents in manifest.files.values())
        self.stdout.write(
            f"{path}: {sum(manifest.rows.values())} rows, {manifest.media_files} files of media,"
            f" {size / 1_000_000:.1f} MB, in {seconds_since(started)}."
        )
        if manifest.media_elsewhere:
            self.stdout.write(
                "The media are in a bucket (MEDIA_S3_BUCKET) and not in the backup: keep versions of it there."
            )
        for one in removed:
            self.stdout.write(f"Deleted, as older than the newest {options['keep']}: {one}")

    def progress(self, step: str) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r\x1b[K{step} …", ending="")
