"""As tests/whatsapp/inbound/meta/test_payloads_poison.py, with more bodies."""

from hypothesis import given, settings

from tests.whatsapp.inbound.meta.test_payloads_poison import check_any_json, check_valid_messages
from tests.whatsapp.poison import any_json, fields, mutants


@settings(max_examples=1000)
@given(any_json)
def test_any_json_is_read_or_refused(tree):
    check_any_json(tree)


@settings(max_examples=1000)
@given(fields, mutants, any_json, any_json, any_json)
def test_valid_messages_are_read_next_to_any_content(field, mutant, contacts, metadata, junk):
    check_valid_messages(field, mutant, contacts, metadata, junk)
