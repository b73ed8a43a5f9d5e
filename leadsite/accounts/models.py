"""Businesses (User), their API keys with request allowances, and stored answers for Idempotency-Keys."""

import logging
from typing import Any, ClassVar, Final, NamedTuple

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now
from knox.models import AbstractAuthToken, AuthTokenManager

from leadsite.accounts.login_attempts import LoginAttempt
from leadsite.accounts.second_factor.models import RecoveryCode, SecondFactor
from leadsite.accounts.sessions.models import Session
from leadsite.core.logs.security import log_security_event
from leadsite.core.models import UuidV7
from leadsite.core.statements import fetch_rows

__all__ = [
    "ApiKey",
    "IdempotencyKey",
    "LoginAttempt",
    "RecoveryCode",
    "RequestAllowance",
    "SecondFactor",
    "Session",
    "User",
    "all_scopes",
]


class UserManager(BaseUserManager["User"]):
    """Finds and creates users by e-mail address in lower case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create an active user; without a password it cannot log in."""
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing] # knox has no types
    """A business. Each customer, conversation, message and lead belongs to one by its user_id."""

    id = models.UUIDField(primary_key=True, db_default=UuidV7(), editable=False)
    email = models.EmailField("e-mail", max_length=254, help_text="The login.")
    business_name = models.CharField(max_length=200, blank=True, db_default="", default="")
    is_staff = models.BooleanField("may use the admin", default=False, db_default=False)
    is_active = models.BooleanField(
        "active",
        default=True,
        db_default=True,
        help_text="Untick to lock out the login at once, and every API key within a second.",
    )
    second_factor_at = models.DateTimeField(
        "second factor", null=True, editable=False, help_text="Since when a login needs a code, too."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = UserManager()

    _no_password = False
    # Django's: the new password, until the row is saved.
    _password: str | None

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "users"
        verbose_name = "business"
        verbose_name_plural = "businesses"
        constraints = [
            models.UniqueConstraint(
                fields=["email"],
                name="users_email_unique",
                violation_error_code="unique",
                violation_error_message="This e-mail has an account.",
            ),
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")),
                name="users_email_lower",
                violation_error_message="Write the e-mail in lower case.",
            ),
        ]

    def __str__(self) -> str:
        return self.business_name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)

    def clean(self) -> None:
        self.email = self.email.lower()

    def set_unusable_password(self) -> None:
        super().set_unusable_password()
        self._no_password = True

    def save(self, *args: Any, **options: Any) -> None:
        """A new password, or none, ends the sessions: Django refuses these anyway, but would keep them listed."""
        changed = not self._state.adding and (self._password is not None or self._no_password)
        super().save(*args, **options)
        self._no_password = False
        if changed:
            log_security_event("password_changed", client="", subject=str(self.pk), level=logging.INFO)
            Session.objects.end_all(self.pk, reason="password changed")


class ApiKeyScope(models.TextChoices):
    READ = "read", "Read leads, conversations and messages"
    WRITE = "write", "Create and change leads and conversations"
    SEND = "send", "Send messages, and create the lead of a message"


def all_scopes() -> list[str]:
    return list(ApiKeyScope.values)


class ApiKey(AbstractAuthToken):
    """An API key of one business, stored as a SHA-512 hash. Deleting the row revokes it within a second."""

    Scope = ApiKeyScope

    name = models.CharField(max_length=100, blank=True, default="", help_text="What uses this key.")
    scopes = ArrayField(models.CharField(choices=Scope), default=all_scopes, db_default=ApiKeyScope.values)
    last_used_at = models.DateTimeField(null=True, editable=False, help_text="To the minute.")

    objects = AuthTokenManager()

    class Meta:
        db_table = "api_keys"
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=ApiKeyScope.values) & ~models.Q(scopes=[]),
                name="api_keys_scopes_valid",
                violation_error_message="A key has one or more of the scopes read, write and send.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.token_key}… of {self.user}"


class Allowance(NamedTuple):
    """The number of requests granted; if 0, the seconds until one can be granted."""

    granted: int
    wait: float


class RequestAllowanceManager(models.Manager["RequestAllowance"]):
    def take(self, key: str, *, per_minute: int, wanted: int) -> Allowance:
        """Grant a key up to `wanted` of its remaining requests. Raises django.db.Error.

        A token bucket with a capacity of one minute's requests and a constant refill rate. The key's row is locked
        until the transaction ends, so call this outside of one.
        """
        parameters = [per_minute, per_minute / 60, key, wanted]
        rows = fetch_rows(_TAKE, parameters)
        if not rows:
            fetch_rows(_FILL, [key, per_minute])
            rows = fetch_rows(_TAKE, parameters)
        ((left,),) = rows
        granted = min(wanted, int(left))
        return Allowance(granted, 0 if granted else (1 - left) * 60 / per_minute)


_FILL: Final = """
    INSERT INTO request_allowances (key, requests, counted_at) VALUES (%s, %s, clock_timestamp())
    ON CONFLICT (key) DO NOTHING
"""
# `greatest`: a clock that was set back refills nothing. If less than one request is left, nothing is written.
_TAKE: Final = """
    WITH held AS (
        SELECT key, least(%s, requests + %s::float8 * greatest(0, extract(epoch FROM clock_timestamp() - counted_at)))
            AS requests
        FROM request_allowances WHERE key = %s FOR UPDATE
    ), taken AS (
        UPDATE request_allowances AS a
        SET requests = held.requests - least(%s, floor(held.requests)), counted_at = clock_timestamp()
        FROM held WHERE a.key = held.key AND held.requests >= 1
    )
    SELECT requests FROM held
"""


class RequestAllowance(models.Model):
    """The requests that a key had left at `counted_at`.

    The table is UNLOGGED, so that a request does not wait for the disk. It is empty after a crash of PostgreSQL, which
    only resets the counts.
    """

    key = models.CharField(primary_key=True, help_text="The hash of an API key; or what is counted, and an address.")
    requests = models.FloatField()
    counted_at = models.DateTimeField()

    objects = RequestAllowanceManager()

    class Meta:
        # No index on counted_at: it would be updated with each count, and pruning reads only one row per key.
        db_table = "request_allowances"

    def __str__(self) -> str:
        return f"{self.requests:.0f} requests"


class IdempotencyKey(models.Model):
    """The stored answer to a request with an Idempotency-Key: see leadsite/rest/idempotency.py.

    Written in the same transaction as the effects of the request.
    """

    id = models.UUIDField(primary_key=True, db_default=UuidV7(), editable=False)
    # The foreign key is created in SQL, like all foreign keys: see AddForeignKey in leadsite/core/sql_migrations.py.
    user = models.ForeignKey(User, models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    key = models.CharField()
    fingerprint = models.BinaryField(
        help_text="Hash of path and body: detects a key that is reused for another request."
    )
    status = models.PositiveSmallIntegerField(
        default=0, help_text="HTTP status of the answer; 0 while the request is in progress."
    )
    body = models.BinaryField(default=b"")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "idempotency_keys"
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_keys_unique")]
        indexes = [
            # For the task that deletes old keys.
            models.Index(fields=["created_at"], name="idempotency_keys_by_age"),
        ]

    def __str__(self) -> str:
        return self.key
