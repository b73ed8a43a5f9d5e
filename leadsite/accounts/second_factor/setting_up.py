"""The secret of an app that is being set up: in the session, encrypted, until a code proves that the app has it."""

from typing import Any, Final

from django.http import HttpRequest

from leadsite.accounts.models import User
from leadsite.accounts.second_factor import codes
from leadsite.core import encryption

_KEY: Final = "new_second_factor"


def secret_of(request: HttpRequest) -> str:
    """Return the secret that this session offers; the same until one is stored. Raises SecretUnreadable."""
    stored = request.session.get(_KEY)
    if stored:
        return encryption.decrypt(stored)
    secret = codes.new_secret()
    request.session[_KEY] = encryption.encrypt(secret)
    return secret


def forget_secret(request: HttpRequest) -> None:
    request.session.pop(_KEY, None)


def set_up_context(request: HttpRequest, user: User) -> dict[str, Any]:
    """The context of accounts/second_factor_set_up.html. Raises SecretUnreadable."""
    secret = secret_of(request)
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return {"qr_code": codes.qr_code(secret, user.email), "secret": groups}
