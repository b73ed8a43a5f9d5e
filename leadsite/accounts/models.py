"""Businesses (User), their API keys with request allowances, and stored answers for Idempotency-Keys."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now
from knox.models import AbstractAuthToken, AuthTokenManager

from leadsite.core.models import UuidV7


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
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = UserManager()

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


class ApiKeyScope(models.TextChoices):
    READ = "read", "Read leads, conversations and messages"
    WRITE = "write", "Create and change leads and conversations"
    SEND = "send", "Send messages, with the lead that comes along"


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


class RequestAllowance(models.Model):
    """The requests that a key had left at `counted_at`: see take_requests.sql. The table is UNLOGGED."""

    key = models.CharField(primary_key=True, help_text="The hash of an API key.")
    requests = models.FloatField()
    counted_at = models.DateTimeField()

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
    # The foreign key is created in SQL, like all of ours: see AddForeignKey in leadsite/core/sql_migrations.py.
    user = models.ForeignKey(User, models.CASCADE, db_constraint=False, db_index=False, related_name="+")
    key = models.CharField()
    fingerprint = models.BinaryField(help_text="Of path and body: the same key with another request is a mistake.")
    status = models.PositiveSmallIntegerField(default=0, help_text="Of the answer; 0 while the request is under way.")
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
