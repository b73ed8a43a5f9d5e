"""As tests/whatsapp/inbound/test_ingest_call_parts.py, in all orders."""

from tests.cases import each_case
from tests.whatsapp.inbound.test_ingest_call_parts import ORDERS, check_parts_without_numbers


@each_case("order", ORDERS)
def test_parts_without_numbers_are_found_by_the_calls_id(inbox, order):
    check_parts_without_numbers(inbox, order)
