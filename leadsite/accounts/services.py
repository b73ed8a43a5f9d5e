"""Businesses and their API keys: the only code that makes either."""

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
# What a business's own people do in the admin. Nobody there makes a customer or a message by hand:
# those come with a lead, or from WhatsApp.
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
    """The e-mail cannot be a login, or a value is too long; the message says which."""


@dataclass(frozen=True)
class NewBusiness:
    user: User
    api_key: str


def create_business(*, email: str, name: str = "", password: str | None = None, staff: bool = False) -> NewBusiness:
    """Make the business with this e-mail, or find it, and give it a new API key. Opens the transaction.

    Run again it makes no second business: it issues another key, and fills name, password and staff where given.
    The key is returned in clear this once; only its hash is stored.

    Raises BusinessInvalid.
    """
    email = email.strip().lower()
    try:
        User(email=email, business_name=name).clean_fields(exclude=["password"])
    except ValidationError as error:
        raise BusinessInvalid("; ".join(error.messages)) from error
    with transaction.atomic():
        # Two runs at once meet at the unique constraint, and get_or_create then reads the winner's row.
        user, _ = User.objects.get_or_create(email=email, defaults={"password": make_password(None)})
        changes: dict[str, Any] = {"business_name": name} if name else {}
        if password is not None:
            changes["password"] = make_password(password)
        if staff:
            changes["is_staff"] = True
            user.groups.add(staff_group())
        for field, value in changes.items():
            setattr(user, field, value)
        # Only what was asked for: somebody may be locking this business out at this moment.
        user.save(update_fields=list(changes))
        return NewBusiness(user=user, api_key=issue_api_key(user=user, name="create_business"))


def issue_api_key(
    *, user: User, name: str, scopes: Sequence[str] | None = None, lifetime: timedelta | None = None
) -> str:
    """Store the hash of a new key, and return the key in clear, once.

    `scopes`: of ApiKey.Scope, all unless told. `lifetime`: for ever unless told.
    """
    _, key = get_token_model().objects.create(
        user=user, expiry=lifetime, name=name, scopes=list(scopes or all_scopes())
    )
    return str(key)


def replace_api_key(*, key: ApiKey) -> str:
    """Delete the key and make another with its name, scopes and end; return that in clear. Opens the transaction."""
    with transaction.atomic():
        token, text = get_token_model().objects.create(
            user=key.user, expiry=None, name=key.name, scopes=list(key.scopes)
        )
        ApiKey.objects.filter(pk=token.pk).update(expiry=key.expiry)
        key.delete()
        return str(text)


def staff_group() -> Group:
    """The group whose members may work their own business's leads in the admin. Caller holds the transaction."""
    group, created = Group.objects.get_or_create(name=STAFF_GROUP)
    if created:  # later it is the operator's, who may take a right away
        group.permissions.set(Permission.objects.filter(codename__in=STAFF_PERMISSIONS))
    return group
