"""The row of a stored delivery."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError

from whatsapp.models import WebhookDelivery


def test_its_name_is_the_provider_and_the_time():
    delivery = WebhookDelivery(provider="twilio", received_at=datetime(2026, 11, 28, 9, 5, tzinfo=UTC))
    assert str(delivery) == "Twilio, 2026-11-28 09:05:00"


@pytest.mark.parametrize("column", ["provider", "state"])
def test_a_value_that_is_not_known_is_refused(db, column):
    with pytest.raises(IntegrityError, match=f"webhook_deliveries_{column}_valid"):
        WebhookDelivery.objects.create(**{"provider": "cloud", "state": "processed", "body": b"{}", column: "pigeon"})
