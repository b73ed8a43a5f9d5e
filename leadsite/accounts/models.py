"""Businesses and people (User), API keys, and stored answers for Idempotency-Keys."""

import logging
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from leadsite.accounts.business.last_writes import LastWrite
from leadsite.accounts.business.places import check_country, check_zone
from leadsite.accounts.keys.models import ApiKey, RequestAllowance, all_scopes
from leadsite.accounts.login_attempts import LoginAttempt
from leadsite.accounts.people.models import Invitation, Membership, Rotation
from leadsite.accounts.people.workplaces import choose
from leadsite.accounts.second_factor.models import RecoveryCode, SecondFactor
from leadsite.accounts.sessions.models import Session
from leadsite.core.logs.security import log_security_event
from leadsite.core.models import UuidV7

__all__ = [
    "ApiKey",
    "IdempotencyKey",
    "Invitation",
    "LastWrite",
    "LoginAttempt",
    "Membership",
    "Person",
    "RecoveryCode",
    "RequestAllowance",
    "Rotation",
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

    def businesses(self) -> models.QuerySet["User"]:
        """Those that rows can belong to: they have the name of a business, or people, or are no person's login."""
        has_people, works = _memberships("business"), _memberships("person")
        no_person = Q(name="", is_superuser=False) & ~works
        return self.filter(~Q(business_name="") | has_people | no_person)

    def people(self) -> models.QuerySet["User"]:
        """Those who work for a business or have worked for one, and operators; also the login of a business."""
        return self.filter(_memberships("person") | Q(is_superuser=True) | (Q(business_name="") & ~Q(name="")))


def _memberships(side: str) -> models.Exists:
    return models.Exists(Membership.objects.filter(**{side: models.OuterRef("pk")}))


# knox declares the relation of auth_token_set and has no types, so django-stubs find no manager for it.
class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing] # auth_token_set, of knox
    """A business, or a person who works for one; the login of a business may be both.

    Each customer, conversation, message and lead belongs to a business by its user_id: see `businesses`. Who
    works for which: Membership.
    """

    id = models.UUIDField(primary_key=True, db_default=UuidV7(), editable=False)
    email = models.EmailField(_("e-mail"), max_length=254, help_text=_("The login."))
    business_name = models.CharField(max_length=200, blank=True, db_default="", default="")
    name = models.CharField(
        _("name of the person"),
        max_length=200,
        blank=True,
        db_default="",
        default="",
        help_text=_("Shown to colleagues."),
    )
    country = models.CharField(
        max_length=2,
        blank=True,
        db_default="",
        default="",
        validators=[check_country],
        help_text=_("Of the business: local phone numbers that staff type are read as numbers of this country."),
    )
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        default="",
        validators=[check_zone],
        help_text=_("Of the business, such as Europe/Berlin: for the times of its pages, and when its days begin."),
    )
    language = models.CharField(
        max_length=10,
        blank=True,
        db_default="",
        default="",
        choices=settings.LANGUAGES,
        help_text=_("Of the pages that the person sees; without one, that of the browser."),
    )
    is_staff = models.BooleanField(_("may use the admin"), default=False, db_default=False)
    is_active = models.BooleanField(
        _("active"),
        default=True,
        db_default=True,
        help_text=_("Untick to lock out the login at once, and every API key within a second."),
    )
    second_factor_at = models.DateTimeField(
        _("second factor"), null=True, editable=False, help_text=_("Since when a login needs a code, too.")
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = UserManager()

    _no_password = False
    # Django's: the new password, until the row is saved.
    _password: str | None
    # The id of the business that the session of the request says: leadsite/middleware.py.
    wanted_business = ""

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "users"
        verbose_name = _("business")
        verbose_name_plural = _("businesses")
        constraints = [
            models.UniqueConstraint(
                fields=["email"],
                name="users_email_unique",
                violation_error_code="unique",
                violation_error_message=_("This e-mail has an account."),
            ),
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")),
                name="users_email_lower",
                violation_error_message=_("Write the e-mail in lower case."),
            ),
        ]

    def __str__(self) -> str:
        return self.business_name or self.name or self.email

    @property
    def person_name(self) -> str:
        """What colleagues call the person."""
        return self.name or self.email

    @cached_property
    def workplaces(self) -> list[Membership]:
        """The businesses that this person works for, read once. Raises django.db.Error."""
        return list(Membership.objects.of_person(self.pk))

    @cached_property
    def workplace(self) -> Membership | None:
        """What the person works for now: Note [The business of a request]. Raises django.db.Error."""
        return choose(self.workplaces, self.wanted_business)

    @property
    def business_id(self) -> UUID | None:
        return self.workplace.business_id if self.workplace else None

    @property
    def role(self) -> str:
        return self.workplace.role if self.workplace else ""

    def get_full_name(self) -> str:
        return self.person_name

    def get_short_name(self) -> str:
        return self.person_name

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


class Person(User):  # type: ignore[django-manager-missing] # auth_token_set, inherited from User
    """A login, on its own admin page: the other pages of this table are those of businesses."""

    class Meta:
        proxy = True
        verbose_name = _("person")
        verbose_name_plural = _("people")


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
