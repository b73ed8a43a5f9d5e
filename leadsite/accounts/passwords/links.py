"""Links by which somebody sets a new password: signed, for an hour, and for one use.

Django's tokens contain the password's hash, the last login and the e-mail: a new password, a login or another e-mail
makes all links of before invalid.
"""

from uuid import UUID

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.urls import reverse
from django.utils.http import urlencode

from leadsite.accounts.models import User


class _Tokens(PasswordResetTokenGenerator):
    key_salt = "leadsite.accounts.passwords.links"


_tokens = _Tokens()


def link_for(user: User) -> str:
    """Return path and query of the page. The query, because logs of the site have none."""
    link = f"{user.pk.hex}.{_tokens.make_token(user)}"
    return f"{reverse('password-new')}?{urlencode({'link': link})}"


def absolute(path: str) -> str:
    """Return the address for a mail, by PUBLIC_URL: a client chooses the header Host."""
    return f"{settings.PUBLIC_URL}{path}"


def user_of(link: str, *, lock: bool = False) -> User | None:
    """Return whose password a link sets; None where it is invalid, used or too old.

    With `lock` the user's row is locked: caller holds the transaction. Raises django.db.Error.
    """
    user_id, _, token = link.partition(".")
    try:
        wanted = UUID(hex=user_id)
    except ValueError:
        return None
    users = User.objects.select_for_update() if lock else User.objects.all()
    user = users.filter(pk=wanted, is_active=True).first()
    return user if user is not None and _tokens.check_token(user, token) else None
