"""Which keys a backup needs: named by fingerprints, which do not help to guess them."""

import base64
import hashlib
from collections import Counter
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import connection

from leadsite.core.statements import fetch_rows

# What leadsite/core/encryption.py has encrypted.
ENCRYPTED: Final = (
    ("channels", "encrypted_access_token"),
    ("channels", "encrypted_app_secret"),
    ("webhook_endpoints", "encrypted_secret"),
    ("webhook_endpoints", "former_secrets"),
    ("webhook_endpoints", "encrypted_headers"),
    ("second_factors", "secret"),
    ("erasures", "pending"),
)
# One of a column, or each of a list: a path in SQL takes a value as a list of one.
_STORED: Final = """
    SELECT stored #>> '{{}}' FROM {0} CROSS JOIN jsonb_path_query(to_jsonb({1}), '$[*]') AS stored
    WHERE stored <> '""'
"""
UNKNOWN: Final = "unknown"


def fingerprint(key: str) -> str:
    """The first 16 characters of a hash of the key and what it is for."""
    return hashlib.sha256(b"leadsite key fingerprint\0" + key.encode()).hexdigest()[:16]


def configured() -> list[str]:
    """The fingerprints of FIELD_ENCRYPTION_KEYS, newest first."""
    return [fingerprint(key) for key in settings.FIELD_ENCRYPTION_KEYS]


def count_secrets() -> dict[str, int]:
    """How many stored secrets each key has encrypted; "unknown" for those that none of the keys decrypts."""
    ciphers = {
        fingerprint(key): Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))
        for key in settings.FIELD_ENCRYPTION_KEYS
    }
    counts: Counter[str] = Counter()
    for table, column in ENCRYPTED:
        names = connection.ops.quote_name(table), connection.ops.quote_name(column)
        for (stored,) in fetch_rows(_STORED.format(*names)):
            counts[_encrypted_by(stored, ciphers)] += 1
    return dict(counts)


def _encrypted_by(stored: str, ciphers: dict[str, Fernet]) -> str:
    for name, cipher in ciphers.items():
        try:
            cipher.decrypt(stored.encode())
        except InvalidToken:
            continue
        return name
    return UNKNOWN
