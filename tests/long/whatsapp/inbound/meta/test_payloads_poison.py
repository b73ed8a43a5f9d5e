"""As tests/whatsapp/inbound/meta/test_payloads_poison.py, with more bodies."""

from hypothesis import given, settings

from tests.whatsapp.inbound.meta.test_payloads_poison import check_any_json, check_valid_messages
from tests.whatsapp.poison import any_json, cases


@settings(max_examples=1000)
@given(any_json)
def test_any_json_is_read_or_refused(tree):
    check_any_json(tree)


@settings(max_examples=1000)
@given(cases)
def test_valid_messages_are_read_next_to_any_content(case):
    check_valid_messages(case)
