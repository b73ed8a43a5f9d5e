"""`Authorization: Bearer <key>`: who is calling."""

from typing import Final, NoReturn

from django.db import connection
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed

from leadsite.accounts.models import User

# One read for key and business, in plain SQL: this runs before every request, and the same query through the ORM takes
# three times the processor time (0.46 ms against 0.14 ms where it was measured).
_USER_FIELDS: Final = [field.attname for field in User._meta.concrete_fields]
_FIND_USER: Final = f"""
    SELECT {", ".join(f"users.{field.column}" for field in User._meta.concrete_fields)}
    FROM api_keys JOIN users ON users.id = api_keys.user_id
    WHERE api_keys.digest = %s AND users.is_active AND (api_keys.expiry IS NULL OR api_keys.expiry > now())
"""  # noqa: S608 - the columns are the model's


class ApiKeyAuthentication(TokenAuthentication):
    """knox's header parsing with a look-up of our own.

    knox finds candidates by the key's first characters, compares each, and then reads all keys of the user to
    delete expired ones: three statements and perhaps a write for every request. The hash itself is the primary
    key, so one read decides, at once also after a key was revoked.
    """

    def authenticate_credentials(self, token: bytes) -> tuple[User, str]:
        """Return the key's business and the key's hash. Raises AuthenticationFailed."""
        try:
            digest = hash_token(token.decode("ascii"))
        except UnicodeDecodeError:
            _refuse()
        with connection.cursor() as cursor:
            cursor.execute(_FIND_USER, [digest])
            row = cursor.fetchone()
        if row is None:
            _refuse()
        return User.from_db(connection.alias, _USER_FIELDS, row), digest


def _refuse() -> NoReturn:
    # One sentence for unknown, revoked, expired and locked: who guesses learns nothing.
    raise AuthenticationFailed("This API key is not valid. Send a key as `Authorization: Bearer <key>`.")
