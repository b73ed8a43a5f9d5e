"""manage.py issue_api_key: creates an API key with chosen scopes and expiry, or replaces one."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from leadsite.accounts.models import ApiKey, User
from leadsite.accounts.services import issue_api_key


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
            help="what the key may do; may be given several times (default: all)",
        )
        parser.add_argument("--days", type=int, help="until it expires (default: never)")
        parser.add_argument("--replaces", default="", metavar="KEY", help="the key to delete, or its first characters")

    def handle(self, *args: Any, email: str, days: int | None, **options: Any) -> None:
        if days is not None and not 1 <= days <= 36_500:
            raise CommandError("--days must be a number from 1 to 36500.", returncode=2)
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(f"There is no business with the e-mail {email}.")
        with transaction.atomic():
            if options["replaces"]:
                self.delete(user, options["replaces"])
            lifetime = timedelta(days=days) if days is not None else None
            key = issue_api_key(user=user, name=options["name"], scopes=options["scopes"], lifetime=lifetime)
        self.stdout.write(key)

    def delete(self, user: User, beginning: str) -> None:
        """Delete the one key that begins with `beginning`. Raises CommandError where there is not exactly one."""
        keys = [key for key in ApiKey.objects.filter(user=user) if beginning.startswith(key.token_key)]
        keys = keys or list(ApiKey.objects.filter(user=user, token_key__startswith=beginning))
        if len(keys) != 1:
            raise CommandError(f"{len(keys)} keys of this business begin with {beginning!r}; nothing was changed.")
        keys[0].delete()
