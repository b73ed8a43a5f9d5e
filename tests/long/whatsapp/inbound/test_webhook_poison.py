"""As tests/whatsapp/inbound/test_webhook_poison.py, with 2000 cases, five in each delivery, and 200 of any JSON."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.whatsapp.inbound.test_webhook_poison import assert_any_json_is_stored, assert_valid_messages_are_stored
from tests.whatsapp.poison import any_json, cases

# Thousands of deliveries in one transaction would be slow: PostgreSQL keeps all versions of a row until its end.
pytestmark = pytest.mark.django_db(transaction=True)

CASES = 2000
IN_A_DELIVERY = 5


@settings(max_examples=CASES // IN_A_DELIVERY)
@given(st.tuples(*[cases] * IN_A_DELIVERY))
def test_valid_messages_are_stored_next_to_any_content(inbox, one_delivery):
    assert_valid_messages_are_stored(*one_delivery)


@settings(max_examples=200)
@given(any_json)
def test_any_json_is_stored(inbox, tree):
    assert_any_json_is_stored(tree)
