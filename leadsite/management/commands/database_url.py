"""manage.py database_url: prints the database URL for psql, pg_dump and other clients."""

import re
import shutil
import subprocess
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from leadsite.demo.embedded.errors import EmbeddedPostgresError
from leadsite.demo.embedded.programs import program


class Command(BaseCommand):
    help = (
        'Print the URL of the database in use, for psql or pg_dump:  psql "$(./manage.py database_url)".'
        " The demo's embedded PostgreSQL is started if necessary, and left running. A pg_dump that is older than the"
        " server refuses to dump it: --program pg_dump prints the path of the one that came with the server."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--program",
            metavar="NAME",
            choices=("pg_dump", "pg_dumpall", "pg_restore", "psql"),
            help="print the path of this program of the embedded PostgreSQL instead: pg_dump, pg_dumpall, pg_restore"
            " or psql",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["program"]:
            self.stdout.write(_path_of(options["program"]))
            return
        self.stdout.write(settings.DATABASE_URL)
        if settings.EMBEDDED_POSTGRES and (ours := _version(program("pg_dump"))) > (theirs := _installed_version()):
            found = f"is of PostgreSQL {theirs}" if theirs else "is not installed"
            self.stderr.write(
                f"The server is PostgreSQL {ours}; the pg_dump of this machine {found}, and cannot dump it. Use"
                ' "$(./manage.py database_url --program pg_dump)".'
            )


def _path_of(name: str) -> str:
    if not settings.EMBEDDED_POSTGRES:
        raise CommandError(
            "DATABASE_URL names a server of your own: use the programs that came with it, or newer ones."
        )
    try:
        return program(name)
    except EmbeddedPostgresError as error:
        raise CommandError(str(error)) from error


def _installed_version() -> int:
    """The version of the pg_dump that a shell finds; 0 where there is none."""
    path = shutil.which("pg_dump")
    return _version(path) if path else 0


def _version(path: str) -> int:
    asked = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    found = re.search(r"\d+", asked.stdout)
    return int(found[0]) if found else 0
