"""As tests/whatsapp/inbound/test_ingest_orders.py, in more orders."""

from tests.whatsapp.inbound.test_ingest_orders import deliver_shuffled, in_order

__all__ = ["in_order"]


def test_every_order_leaves_the_same_rows(inbox, in_order):
    deliver_shuffled(inbox, range(2, 10), in_order)
