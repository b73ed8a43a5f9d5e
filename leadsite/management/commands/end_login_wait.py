"""manage.py end_login_wait: forgets failed logins."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from leadsite.accounts.logins import forget_failures


class Command(BaseCommand):
    help = (
        "Let somebody log in again who has used up the attempts: forget the failed logins of an account, of an address,"
        " or all. The admin does the same under “Failed logins”."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--email", default="", help="the account")
        which.add_argument("--address", default="", help="the IP address that the attempts came from")
        which.add_argument("--all", action="store_true", help="all accounts and addresses")

    def handle(self, *args: Any, **options: Any) -> None:
        count = forget_failures(email=options["email"], address=options["address"])
        self.stdout.write(f"{count} {'count' if count == 1 else 'counts'} of failed logins forgotten.")
