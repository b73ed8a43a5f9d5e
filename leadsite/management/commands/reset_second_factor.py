"""manage.py reset_second_factor: turns off the second factor of somebody who has lost their phone."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leadsite.accounts.models import User
from leadsite.accounts.second_factor.services import turn_off


class Command(BaseCommand):
    help = (
        "Turn off the second factor of an account whose phone and recovery codes are lost, and end its sessions. The"
        " password stays; make sure that it is the person who asks. Where STAFF_SECOND_FACTOR requires one, it is set"
        " up again at the next login."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, help="of the account")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(f"There is no account with the e-mail {email}.")
        if turn_off(user=user, reason="reset by command"):
            self.stdout.write(f"The second factor of {user.email} is off, and its sessions are ended.")
        else:
            self.stdout.write(f"{user.email} had no second factor. Nothing was changed.")
