"""The customer service window of 24 hours."""

from datetime import UTC, datetime, timedelta

from conversations.window import WINDOW, window_end

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_it_is_open_for_a_day_after_the_customer_wrote():
    assert window_end(NOON, now=NOON + WINDOW - timedelta(seconds=1)) == NOON + timedelta(hours=24)
    assert window_end(NOON, now=NOON + WINDOW) is None


def test_it_is_closed_to_a_customer_who_never_wrote():
    assert window_end(None, now=NOON) is None
