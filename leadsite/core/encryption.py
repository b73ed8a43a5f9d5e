"""Encryption of secrets at rest, such as access tokens, with FIELD_ENCRYPTION_KEYS."""

import base64
import hashlib
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

WRONG_KEY: Final = "The access token was encrypted with a key that is not in FIELD_ENCRYPTION_KEYS."


class SecretUnreadable(Exception):
    """There is no key, or none of the keys encrypted this secret."""


def encrypt(secret: str) -> str:
    """Return the secret encrypted with the first (newest) key. Raises SecretUnreadable where there is no key."""
    return _keys().encrypt(secret.encode()).decode()


def rotate(stored: str) -> str:
    """Return a stored secret, re-encrypted with the first (newest) key. Raises SecretUnreadable."""
    try:
        return _keys().rotate(stored.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable(WRONG_KEY) from error


def decrypt(stored: str) -> str:
    """Return the decrypted secret; any of the keys may fit. Raises SecretUnreadable."""
    try:
        return _keys().decrypt(stored.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable(WRONG_KEY) from error


def _keys() -> MultiFernet:
    if not settings.FIELD_ENCRYPTION_KEYS:
        raise SecretUnreadable("FIELD_ENCRYPTION_KEYS is not set: set it to a long random text to store access tokens.")
    # Keys in the environment may have any length; Fernet requires 32 bytes (cryptography.io, "Fernet").
    digests = (hashlib.sha256(key.encode()).digest() for key in settings.FIELD_ENCRYPTION_KEYS)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
