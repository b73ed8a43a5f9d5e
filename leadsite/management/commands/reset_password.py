"""manage.py reset_password: a new password for somebody who has forgotten theirs."""

import sys
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from leadsite.accounts.models import User
from leadsite.accounts.passwords.links import link_for


class Command(BaseCommand):
    help = (
        "Print a link by which somebody sets a new password: for an hour, and once. With --password -, set the password"
        " that is on standard input instead. Both end the sessions of the account; the second factor stays."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, help="of the account")
        parser.add_argument("--password", choices=["-"], help="-: a line of standard input")

    def handle(self, *args: Any, email: str, password: str | None, **options: Any) -> None:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise CommandError(f"There is no account with the e-mail {email}.")
        if not user.is_active:
            raise CommandError(f"{user.email} is locked: tick “active” under Businesses first.")
        if password is None:
            # Without PUBLIC_URL the operator knows the address of the site.
            self.stdout.write(f"{settings.PUBLIC_URL or f'http://127.0.0.1:{settings.PORT}'}{link_for(user)}")
            return
        typed = sys.stdin.readline().rstrip("\r\n")
        try:
            validate_password(typed, user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        user.set_password(typed)
        user.save(update_fields=["password"])
        self.stdout.write(f"The password of {user.email} is set, and its sessions are ended.")
