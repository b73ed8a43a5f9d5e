"""Services that create businesses and API keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.db import transaction
from knox.models import get_token_model

from leadsite.accounts.models import ApiKey, User, all_scopes

STAFF_GROUP = "Business staff"
# Permissions of a business's own staff in the admin. Customers and messages are not added there: they come with a
# lead or from WhatsApp.
STAFF_PERMISSIONS = (
    "add_lead",
    "change_lead",
    "view_lead",
    "add_importrun",
    "view_importrun",
    "change_conversation",
    "view_conversation",
    "change_customer",
    "view_customer",
    "view_message",
    "view_apikey",
    "delete_apikey",
    "add_webhookendpoint",
    "change_webhookendpoint",
    "delete_webhookendpoint",
    "view_webhookendpoint",
    "view_webhookevent",
)


class BusinessInvalid(Exception):
    """The e-mail is not valid, or a value is too long; the message says which."""


@dataclass(frozen=True)
class NewBusiness:
    user: User
    api_key: str


def create_business(*, email: str, name: str = "", password: str | None = None, staff: bool = False) -> NewBusiness:
    """Get or create the business with this e-mail and issue a new API key. Opens the transaction.

    For an existing business it sets name, password and staff where given, and issues another key.
    The key is returned in clear only here; its hash is stored.

    Raises BusinessInvalid.
    """
    email = email.strip().lower()
    try:
        User(email=email, business_name=name).clean_fields(exclude=["password"])
    except ValidationError as error:
        raise BusinessInvalid("; ".join(error.messages)) from error
    with transaction.atomic():
        # Of two simultaneous calls one fails on the unique constraint, and get_or_create then reads the other's row.
        user, _ = User.objects.get_or_create(email=email, defaults={"password": make_password(None)})
        changes: dict[str, Any] = {"business_name": name} if name else {}
        if password is not None:
            changes["password"] = make_password(password)
        if staff:
            changes["is_staff"] = True
            user.groups.add(staff_group())
        for field, value in changes.items():
            setattr(user, field, value)
        # Only the given fields: an operator may be deactivating this business at the same time.
        user.save(update_fields=list(changes))
        return NewBusiness(user=user, api_key=issue_api_key(user=user, name="create_business"))


def issue_api_key(
    *, user: User, name: str, scopes: Sequence[str] | None = None, lifetime: timedelta | None = None
) -> str:
    """Store the hash of a new key and return the key in clear.

    `scopes` are values of ApiKey.Scope, by default all. Without `lifetime` the key does not expire.
    """
    _, key = get_token_model().objects.create(
        user=user, expiry=lifetime, name=name, scopes=list(scopes or all_scopes())
    )
    return str(key)


def replace_api_key(*, key: ApiKey) -> str:
    """Replace a key by a new one with its name, scopes and expiry; return that in clear. Opens the transaction."""
    with transaction.atomic():
        token, text = get_token_model().objects.create(
            user=key.user, expiry=None, name=key.name, scopes=list(key.scopes)
        )
        ApiKey.objects.filter(pk=token.pk).update(expiry=key.expiry)
        key.delete()
        return str(text)


def staff_group() -> Group:
    """Get or create the group for a business's own staff. Caller holds the transaction."""
    group, created = Group.objects.get_or_create(name=STAFF_GROUP)
    if created:  # an existing group may have been changed by an operator
        group.permissions.set(Permission.objects.filter(codename__in=STAFF_PERMISSIONS))
    return group
