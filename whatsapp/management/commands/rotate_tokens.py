"""manage.py rotate_tokens: the stored access tokens under a new key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from whatsapp.encryption import SecretUnreadable
from whatsapp.services import rotate_tokens


class Command(BaseCommand):
    help = (
        "Encrypt every stored access token anew, with the first of FIELD_ENCRYPTION_KEYS. The other keys are needed to"
        " read them, and can be taken out afterwards. All or none: exit code 1 where one cannot be read."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = rotate_tokens()
        except SecretUnreadable as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        tokens = "token" if count == 1 else "tokens"
        self.stdout.write(f"{count} {tokens} encrypted with the first of FIELD_ENCRYPTION_KEYS.")
