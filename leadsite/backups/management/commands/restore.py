"""manage.py restore: puts the database and the media back as a backup has them."""

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from leadsite.backups.archive import BackupDamaged
from leadsite.backups.creating import seconds_since
from leadsite.backups.programs import ProgramMissing
from leadsite.backups.restoring import (
    RestoreFailed,
    RestoreIncomplete,
    RestoreRefused,
    check_backup,
    check_target,
    has_same_secret_key,
    restore_backup,
)

COULD_NOT_RUN: Final = 2
INCOMPLETE: Final = 3
_AGAIN: Final = "Correct that, and restore again with --replace, before you start the site."


class Command(BaseCommand):
    help = (
        "Restore a backup of `manage.py backup` into the database of the settings: in one transaction, so all of it or"
        " nothing. Files and keys are checked first. Stop the site and the worker before. A database, or a folder of"
        " media, that is not empty is refused without --replace. Newer migrations are applied at the end. Exit code 0:"
        " done, 1: refused or failed, and everything is as before, 2: could not begin, 3: the database was replaced,"
        " and what was to follow has failed."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("backup", type=Path, metavar="BACKUP", help="the folder that `manage.py backup` has made")
        parser.add_argument(
            "--replace", action="store_true", help="replace all that is in the database and among the media"
        )
        parser.add_argument(
            "--without-keys", action="store_true", help="restore also where stored tokens cannot be decrypted any more"
        )
        parser.add_argument("--check", action="store_true", help="only check whether it could be restored here")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        folder: Path = options["backup"]
        try:
            self.progress("Checking the files")
            manifest = check_backup(folder, without_keys=options["without_keys"])
            check_target(replace=options["replace"])
            if options["check"]:
                self.stdout.write(f"{folder} of {manifest.created_at} is complete, and can be restored here.")
                return
            restore_backup(folder, manifest, progress=self.progress)
        except (BackupDamaged, RestoreRefused) as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        except RestoreFailed as error:
            raise CommandError(f"The backup was not restored, and nothing was changed.\n{error}") from error
        except RestoreIncomplete as error:
            raise CommandError(f"{error}\n{_AGAIN}", returncode=INCOMPLETE) from error
        except (ProgramMissing, Error) as error:
            raise CommandError(f"{str(error).strip()} Nothing was changed.", returncode=COULD_NOT_RUN) from error
        except OSError as error:
            raise CommandError(f"{error.filename or folder}: {error.strerror}. Nothing was changed.") from error
        self.migrate()
        self.stdout.write(
            f"Restored {folder.name} of {manifest.created_at}: {sum(manifest.rows.values())} rows,"
            f" {manifest.media_files} files of media, in {seconds_since(started)}."
            " Now: manage.py verify_transactions and check_integrity, then start the site."
        )
        if not has_same_secret_key(manifest):
            self.stderr.write(
                "SECRET_KEY is another than when the backup was made: everybody has to log in again, and marks of"
                " erased people count only where SECRET_KEY_FALLBACKS has the former one."
            )

    def migrate(self) -> None:
        """What this version has added since, and the rights of the roles."""
        try:
            call_command("migrate", interactive=False, verbosity=0)
        except (CommandError, Error) as error:
            problem = f"Database and media are those of the backup, but were not migrated: {str(error).strip()}"
            raise CommandError(f"{problem}\n{_AGAIN}", returncode=INCOMPLETE) from error

    def progress(self, step: str) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r\x1b[K{step} …", ending="")
