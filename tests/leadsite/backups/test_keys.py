"""Keys are named by fingerprints, and each stored secret is counted for the key that encrypted it."""

import pytest
from django.apps import apps

from leadsite.backups import keys
from tests.factories import Business
from whatsapp.channels import connect_channel


def test_a_fingerprint_is_not_the_key_and_differs() -> None:
    assert keys.fingerprint("one key") != keys.fingerprint("another key")
    assert len(keys.fingerprint("one key")) == 16


def test_columns_named_as_encrypted_are_all_counted() -> None:
    columns = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.column and "encrypted" in field.column
    }
    assert columns
    assert columns - set(keys.ENCRYPTED) == set()


@pytest.mark.django_db
def test_secrets_are_counted_by_key(owner: Business, settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["the first key of this test"]
    connect_channel(user_id=owner.id, phone_number_id="1", access_token="one token")
    settings.FIELD_ENCRYPTION_KEYS = ["the second key of this test", "the first key of this test"]
    connect_channel(user_id=owner.id, phone_number_id="2", access_token="another token", app_secret="a secret of Meta")
    first, second = map(keys.fingerprint, reversed(settings.FIELD_ENCRYPTION_KEYS))
    assert keys.count_secrets() == {first: 1, second: 2}
    settings.FIELD_ENCRYPTION_KEYS = ["the second key of this test"]
    assert keys.count_secrets() == {second: 2, keys.UNKNOWN: 1}
