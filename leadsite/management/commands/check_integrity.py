"""manage.py check_integrity: looks for orphans, doubles, wrong times and counts, and what is stuck."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from leadsite.monitoring.integrity import check_integrity
from leadsite.monitoring.integrity_checks import CHECKS


class Command(BaseCommand):
    help = (
        "Look for what must not be in the database: rows without the row that they belong to, doubled active"
        " conversations and customers, wrong counts and waiting times, sends and imports that are stuck, missing"
        " constraints. Changes nothing but its own record of the check, while the site runs; a worker does the same"
        " every hour. Exit code 1 if something is wrong, 2 if it could not be checked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            findings = check_integrity()
        except Error as error:
            raise CommandError(f"The database could not be checked: {error}", returncode=2) from error
        if options["json"]:
            self.stdout.write(json.dumps({"ok": not findings, "findings": [asdict(one) for one in findings]}, indent=2))
        else:
            for finding in findings:
                self.stdout.write(f"{finding}\n  {finding.what_to_do}")
        if findings:
            kinds = "kind of error" if len(findings) == 1 else "kinds of errors"
            raise CommandError(f"{len(findings)} {kinds} found: {', '.join(one.check for one in findings)}.")
        if not options["json"]:
            self.stdout.write(f"{len(CHECKS) + 1} checks: nothing is wrong.")
