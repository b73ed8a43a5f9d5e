"""`Authorization: Bearer <key>`: who is calling."""

from typing import NoReturn

from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed

from leadsite.accounts.models import ApiKey, User


class ApiKeyAuthentication(TokenAuthentication):
    """knox's header parsing with a look-up of our own.

    knox finds candidates by the key's first characters, compares each, and then reads all keys of the user to
    delete expired ones: three statements and perhaps a write for every request. The hash itself is the primary
    key, so one read decides, at once also after a key was revoked.
    """

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiKey]:
        try:
            text = token.decode("ascii")
        except UnicodeDecodeError:
            _refuse()
        try:
            key = ApiKey.objects.select_related("user").get(digest=hash_token(text))
        except ApiKey.DoesNotExist:
            _refuse()
        return key.user, key


def _refuse() -> NoReturn:
    # One sentence for unknown, revoked, expired and locked: who guesses learns nothing.
    raise AuthenticationFailed("This API key is not valid. Send a key as `Authorization: Bearer <key>`.")
