"""Secrets at rest: what is stored of an access token cannot be used without FIELD_ENCRYPTION_KEYS."""

import base64
import hashlib
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

UNDER_ANOTHER_KEY: Final = "The access token was stored under a key that is not in FIELD_ENCRYPTION_KEYS."


class SecretUnreadable(Exception):
    """There is no key, or none of the keys was the one in use when this secret was stored."""


def encrypt(secret: str) -> str:
    """Return the secret encrypted with the first (newest) key. Raises SecretUnreadable where there is no key."""
    return _keys().encrypt(secret.encode()).decode()


def rotate(stored: str) -> str:
    """Return what is stored, encrypted with the first (newest) key instead. Raises SecretUnreadable."""
    try:
        return _keys().rotate(stored.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable(UNDER_ANOTHER_KEY) from error


def decrypt(stored: str) -> str:
    """Return the secret; older keys of the list are tried too. Raises SecretUnreadable."""
    try:
        return _keys().decrypt(stored.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable(UNDER_ANOTHER_KEY) from error


def _keys() -> MultiFernet:
    if not settings.FIELD_ENCRYPTION_KEYS:
        raise SecretUnreadable("FIELD_ENCRYPTION_KEYS is not set: set it to a long random text to store access tokens.")
    # The keys of the environment are texts of any length; Fernet wants 32 bytes (cryptography.io, "Fernet").
    digests = (hashlib.sha256(key.encode()).digest() for key in settings.FIELD_ENCRYPTION_KEYS)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
