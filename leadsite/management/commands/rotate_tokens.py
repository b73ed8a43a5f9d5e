"""manage.py rotate_tokens: encrypts stored tokens and secrets again with the newest key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from leadsite.accounts.second_factor import services as second_factors
from leadsite.core.encryption import SecretUnreadable
from leadsite.webhooks.services import rotate_secrets
from whatsapp.channels import rotate_tokens


class Command(BaseCommand):
    help = (
        "Encrypt every stored access token, app secret, webhook secret and second factor again, with the first of"
        " FIELD_ENCRYPTION_KEYS. The other keys are needed to decrypt them and can be removed afterwards. All or"
        " nothing: exit code 1 if one cannot be decrypted."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                count, secrets, factors = rotate_tokens(), rotate_secrets(), second_factors.rotate_secrets()
        except SecretUnreadable as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        tokens = f"{count} {'token' if count == 1 else 'tokens'}"
        if secrets:
            tokens += f" and the secrets of {secrets} {'endpoint' if secrets == 1 else 'endpoints'}"
        if factors:
            tokens += f" and {factors} second {'factor' if factors == 1 else 'factors'}"
        self.stdout.write(f"{tokens} encrypted with the first of FIELD_ENCRYPTION_KEYS.")
