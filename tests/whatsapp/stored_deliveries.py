"""Stored deliveries and their admin pages."""

from typing import Any

from tests.staff import Staff, address, operator
from tests.whatsapp import meta
from whatsapp.models import Channel, WebhookDelivery


def delivery(body: bytes = b"{}", state: str = "failed", **fields: Any) -> WebhookDelivery:
    return WebhookDelivery.objects.create(
        **({"provider": "cloud", "body": body, "state": state, "signed_by": ["list"]} | fields)
    )


def hello(**fields: Any) -> WebhookDelivery:
    """A stored delivery with a message from a customer, which has not been processed."""
    return delivery(meta.body(meta.messages_value(messages=[meta.text("Hello")])), **fields)


def connect(owner: Any, **fields: Any) -> Channel:
    return Channel.objects.create(user=owner.user, phone_number_id=meta.CHANNEL, **fields)


def press_replay(person: Staff, row: WebhookDelivery) -> Any:
    return person.client.post(address("replay", row), follow=True)


def page_of(row: WebhookDelivery) -> str:
    return str(operator().get(address("change", row)).content.decode())


def hello_for(number: str) -> WebhookDelivery:
    return delivery(meta.body(meta.messages_value(number, messages=[meta.text("Hello")])), state="unrouted")
