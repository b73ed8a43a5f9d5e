"""As tests/whatsapp/inbound/test_ingest_calls.py, in all orders."""

from tests.cases import each_case
from tests.whatsapp.inbound.test_ingest_calls import ORDERS, check_order_of_parts


@each_case("order", ORDERS)
def test_the_order_of_the_parts_does_not_matter(inbox, order):
    check_order_of_parts(inbox, order)
