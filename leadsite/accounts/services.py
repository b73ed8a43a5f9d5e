"""Services that create businesses and API keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.db import transaction
from knox.models import get_digest_token
from knox.settings import CONSTANTS

from leadsite.accounts.models import ApiKey, Membership, User, all_scopes
from leadsite.accounts.people.models import Role
from leadsite.accounts.people.roles import PERMISSIONS
from leadsite.core import clock

# Of the owners of businesses. Agents and viewers have the permissions of their roles.
STAFF_GROUP = "Business staff"


class BusinessInvalid(Exception):
    """The e-mail is not valid, or a value is too long; the message says which."""


class NotOneKey(Exception):
    """No key, or more than one, has this prefix, or it was replaced meanwhile; the message says which."""


@dataclass(frozen=True)
class NewBusiness:
    user: User
    api_key: str


def create_business(*, email: str, name: str = "", password: str | None = None, staff: bool = False) -> NewBusiness:
    """Get or create the business with this e-mail and issue a new API key. Opens the transaction.

    For an existing business it sets name, password and staff if given, and issues another key. `staff`: its login may
    use the admin, as an owner of the business.
    Only the hash of the key is stored; this is the only place that returns the key.

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
            user.set_password(password)
            changes["password"] = user.password
        if staff:
            changes["is_staff"] = True
            own_itself(user=user)
        for field, value in changes.items():
            setattr(user, field, value)
        # Only the given fields: an operator may be deactivating this business at the same time.
        user.save(update_fields=list(changes))
        return NewBusiness(user=user, api_key=issue_api_key(user=user, name="create_business"))


def issue_api_key(
    *,
    user: User,
    name: str,
    scopes: Sequence[str] | None = None,
    lifetime: timedelta | None = None,
    replaces: str = "",
) -> str:
    """Store the hash of a new key and return the key. Opens the transaction.

    `scopes` are values of ApiKey.Scope, by default read, write and send. Without `lifetime` the key does not expire.
    `replaces` is an existing key of the user or its prefix: that key is deleted. Raises NotOneKey.
    """
    with transaction.atomic():
        if replaces:
            _find_key(user, replaces).delete()
        expiry = clock.now() + lifetime if lifetime is not None else None
        return store_new_key(key=ApiKey(user=user, name=name, scopes=list(scopes or all_scopes()), expiry=expiry))


def replace_api_key(*, key: ApiKey) -> str:
    """Replace a key by a new one with the same name, scopes and expiry; return the new key. Opens the transaction.

    Raises NotOneKey where the key was replaced or deleted meanwhile.
    """
    with transaction.atomic():
        # Of two that replace it at the same moment, the second waits here, and finds no row.
        if not ApiKey.objects.select_for_update().filter(pk=key.pk).exists():
            raise NotOneKey("This key was replaced or deleted meanwhile; nothing was changed.")
        new = ApiKey(user=key.user, name=key.name, scopes=list(key.scopes), expiry=key.expiry)
        text = store_new_key(key=new)
        key.delete()
        return text


def store_new_key(*, key: ApiKey) -> str:
    """Generate a key for this unsaved row, save the row with its hash, and return the key."""
    key.digest, text = get_digest_token()
    key.token_key = text[: CONSTANTS.TOKEN_KEY_LENGTH]
    key.save(force_insert=True)
    return str(text)


def _find_key(user: User, prefix: str) -> ApiKey:
    """Return the user's only key that equals `prefix` or begins with it, locked: of two that replace it, the second
    finds none. Caller holds the transaction. Raises NotOneKey.
    """
    own = ApiKey.objects.select_for_update().filter(user=user)
    keys = [key for key in own if prefix.startswith(key.token_key)]
    keys = keys or [key for key in own if key.token_key.startswith(prefix)]
    if len(keys) != 1:
        # Only as much as the site shows itself: it may be the whole key of another business, on its way to a log.
        shown = prefix[: CONSTANTS.TOKEN_KEY_LENGTH]
        raise NotOneKey(f"{len(keys)} keys of this business begin with {shown!r}; nothing was changed.")
    return keys[0]


def own_itself(*, user: User) -> None:
    """Make the login of a business its owner, whatever it was there. Caller holds a transaction."""
    Membership.objects.update_or_create(person=user, business=user, defaults={"role": Role.OWNER})
    give_owner_a_group(person=user)


def give_staff_a_business(*, user: User) -> None:
    """A login to the admin that works for no business owns itself: otherwise it sees nothing. Operators see all anyway.

    Caller holds a transaction.
    """
    if user.is_staff and not user.is_superuser and not user.memberships.exists():
        own_itself(user=user)


def give_owner_a_group(*, person: User) -> None:
    """Add an owner without a group to STAFF_GROUP, which operators may change. Caller holds a transaction."""
    if person.groups.exists():
        return
    group, created = Group.objects.get_or_create(name=STAFF_GROUP)
    if created:  # an existing group may have been changed by an operator
        wanted = PERMISSIONS[Role.OWNER]
        known = Permission.objects.filter(codename__in=[name.partition(".")[2] for name in wanted])
        group.permissions.set([one for one in known.select_related("content_type") if name_of(one) in wanted])
    person.groups.add(group)


def name_of(permission: Permission) -> str:
    return f"{permission.content_type.app_label}.{permission.codename}"
