"""Secrets are encrypted with the newest key, and decrypted with the one that fits."""

from typing import Any

import pytest

from leadsite.core.encryption import SecretUnreadable, decrypt, encrypt, rotate

OLD, NEW = "an old key of at least 16 characters", "a new key of at least 16 characters"


def test_a_secret_is_decrypted_and_not_visible_in_the_stored_text(settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    stored = encrypt("Grüße")
    assert "Grüße" not in stored
    assert decrypt(stored) == "Grüße"


def test_after_a_rotation_the_old_key_is_no_longer_needed(settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    stored = encrypt("a token")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert decrypt(stored) == "a token"
    rotated = rotate(stored)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert decrypt(rotated) == "a token"
    for read in (decrypt, rotate):
        with pytest.raises(SecretUnreadable, match="not in FIELD_ENCRYPTION_KEYS"):
            read(stored)


def test_encrypting_without_a_key_is_an_error(settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = []
    with pytest.raises(SecretUnreadable, match="is not set"):
        encrypt("a token")
