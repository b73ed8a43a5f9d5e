"""Businesses and their API keys: the only code that makes either."""

from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from knox.models import get_token_model

from leadsite.accounts.models import User

STAFF_GROUP = "Business staff"
# What a business's own people do in the admin. Nobody there makes a customer or a message by hand:
# those come with a lead, or from WhatsApp.
STAFF_PERMISSIONS = (
    "add_lead",
    "change_lead",
    "view_lead",
    "change_conversation",
    "view_conversation",
    "change_customer",
    "view_customer",
    "view_message",
    "view_apikey",
    "delete_apikey",
)


class EmailInvalid(Exception):
    """The address cannot be a login."""


@dataclass(frozen=True)
class NewBusiness:
    user: User
    api_key: str


def create_business(*, email: str, name: str = "", password: str | None = None, staff: bool = False) -> NewBusiness:
    """Make the business with this e-mail, or find it, and give it a new API key. Opens the transaction.

    Run again it makes no second business: it issues another key, and fills name, password and staff where given.
    The key is returned in clear this once; only its hash is stored.

    Raises EmailInvalid.
    """
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise EmailInvalid(f"{email!r} is not an e-mail address.") from error
    with transaction.atomic():
        # Two runs at once meet at the unique constraint, and get_or_create then reads the winner's row.
        user, _ = User.objects.get_or_create(email=email)
        if name:
            user.business_name = name
        if password is not None:
            user.set_password(password)
        if staff:
            user.is_staff = True
            user.groups.add(staff_group())
        user.save()
        return NewBusiness(user=user, api_key=issue_api_key(user=user, name="create_business"))


def issue_api_key(*, user: User, name: str) -> str:
    """Store the hash of a new key that never expires, and return the key in clear, once."""
    _, key = get_token_model().objects.create(user=user, expiry=None, name=name)
    return str(key)


def staff_group() -> Group:
    """The group whose members may work their own business's leads in the admin. Caller holds the transaction."""
    group, _ = Group.objects.get_or_create(name=STAFF_GROUP)
    group.permissions.set(Permission.objects.filter(codename__in=STAFF_PERMISSIONS))
    return group
