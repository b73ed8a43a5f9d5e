"""manage.py issue_api_key: creates an API key with chosen scopes and expiry, or replaces one."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leadsite.accounts.models import ApiKey, User
from leadsite.accounts.secret_options import HELP, read_secret
from leadsite.accounts.services import NotOneKey, issue_api_key


class Command(BaseCommand):
    help = (
        "Create an API key for a business and print it; it is not shown again. With --replaces, the old key is deleted"
        " in the same transaction: a program that still uses it gets 401."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, help="of the business")
        parser.add_argument("--name", default="", help="what will use the key")
        parser.add_argument(
            "--scope",
            dest="scopes",
            action="append",
            choices=ApiKey.Scope.values,
            help="what the key may do; may be given several times (default: read, write and send)",
        )
        parser.add_argument("--days", type=int, help="until it expires (default: never)")
        parser.add_argument(
            "--replaces", default="", metavar="KEY", help=f"the key to delete, or its first characters{HELP}"
        )

    def handle(self, *args: Any, email: str, days: int | None, **options: Any) -> None:
        if days is not None and not 1 <= days <= 36_500:
            raise CommandError("--days must be a number from 1 to 36500.", returncode=2)
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(f"There is no business with the e-mail {email}.")
        lifetime = timedelta(days=days) if days is not None else None
        try:
            key = issue_api_key(
                user=user,
                name=options["name"],
                scopes=options["scopes"],
                lifetime=lifetime,
                replaces=read_secret("--replaces", options["replaces"]),
            )
        except NotOneKey as error:
            raise CommandError(str(error)) from error
        self.stdout.write(key)
