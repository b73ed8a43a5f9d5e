"""As tests/whatsapp/inbound/test_webhook_poison.py, with 700 deliveries."""

import pytest
from hypothesis import given, settings

from tests.whatsapp.inbound.test_webhook_poison import assert_any_json_is_stored, assert_valid_messages_are_stored
from tests.whatsapp.poison import any_json, fields, mutants

# Thousands of deliveries in one transaction would be slow: PostgreSQL keeps all versions of a row until its end.
pytestmark = pytest.mark.django_db(transaction=True)


@settings(max_examples=600)
@given(fields, mutants, any_json, any_json, any_json)
def test_valid_messages_are_stored_next_to_any_content(inbox, field, mutant, contacts, metadata, junk):
    assert_valid_messages_are_stored(field, mutant, contacts, metadata, junk)


@settings(max_examples=100)
@given(any_json)
def test_any_json_is_stored(inbox, tree):
    assert_any_json_is_stored(tree)
