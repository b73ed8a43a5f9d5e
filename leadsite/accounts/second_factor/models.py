"""What a person has for the second step of a login: a secret in an app, and recovery codes."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from leadsite.accounts.second_factor import codes
from leadsite.core import encryption


class SecondFactorManager(models.Manager["SecondFactor"]):
    def accept(self, user_id: UUID, typed: str) -> bool:
        """Whether this is the app's code of now, or of half a minute before or after. No code is accepted twice.

        Raises SecretUnreadable, django.db.Error.
        """
        factor = self.filter(user_id=user_id).first()
        if factor is None:
            return False
        step = codes.step_of(encryption.decrypt(factor.secret), typed, after=factor.last_step)
        if step is None:
            return False
        # Of two requests with the same code the second waits for the row, and finds the step used.
        unused = self.filter(user_id=user_id, secret=factor.secret, last_step__lt=step)
        return bool(unused.update(last_step=step))


class SecondFactor(models.Model):
    """A secret that an authenticator app of this person has, too, encrypted with FIELD_ENCRYPTION_KEYS.

    Without a row there is no second step. `users.second_factor_at` says the same, so that no request needs this table.
    """

    # Foreign keys are created in SQL: see AddForeignKey in leadsite/core/sql_migrations.py.
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, db_constraint=False, related_name="+"
    )
    secret = models.TextField()
    last_step = models.BigIntegerField(help_text="The half minute, since 1970, of the last code that was accepted.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = SecondFactorManager()

    class Meta:
        db_table = "second_factors"

    def __str__(self) -> str:
        return f"Second factor of {self.user_id}"


class RecoveryCodeManager(models.Manager["RecoveryCode"]):
    def replace(self, user_id: UUID, texts: Sequence[str]) -> None:
        """Store these codes in place of the ones of before. Caller holds the transaction."""
        self.filter(user_id=user_id).delete()
        self.bulk_create([RecoveryCode(user_id=user_id, digest=_digest(user_id, text)) for text in texts])

    def use(self, user_id: UUID, typed: str) -> bool:
        """Whether this is one of the codes; then it is one no longer. Of two requests with it one deletes the row."""
        deleted, _ = self.filter(user_id=user_id, digest=_digest(user_id, typed)).delete()
        return bool(deleted)


class RecoveryCode(models.Model):
    """A code that stands in for the app once, as a hash: it has 79 bits, so a slow hash would add nothing."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, db_constraint=False, related_name="+")
    digest = models.CharField(max_length=64)

    objects = RecoveryCodeManager()

    class Meta:
        db_table = "recovery_codes"
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="recovery_codes_unique")]

    def __str__(self) -> str:
        return f"Recovery code of {self.user_id}"


def _digest(user_id: UUID, typed: str) -> str:
    return hashlib.sha256(f"{user_id} {codes.plain(typed)}".encode(errors="surrogatepass")).hexdigest()
