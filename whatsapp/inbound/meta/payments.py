"""Reads reports about payments, which Meta sends among the statuses: each becomes a notice in the conversation.

Meta, Payments API (India, Brazil), "Receive the payment status by webhook": `type` is "payment", `id` is the message
that asked for the payment, and `status` is the payment's: none is a status of that message.
"""

from collections.abc import Iterator
from dataclasses import replace

from conversations.incoming import Opens
from whatsapp.inbound.events import Event
from whatsapp.inbound.meta.messages import Source, message_event, provider_id_of
from whatsapp.inbound.meta.senders import identifiers
from whatsapp.json_parts import Part


def payment_status_events(status: Part, source: Source) -> Iterator[Event]:
    """Yield a payment's status as a sign of the customer, about the message that asked for the payment."""
    asked = provider_id_of(status)
    if asked is None:
        return
    payment = status.child("payment").data | {"status": status.text("status")}
    message = replace(
        status,
        data={
            # Not the id of the message that asked for it, and the same for a repeated report.
            "id": f"{asked}:{status.text('status')}",
            "timestamp": status.data.get("timestamp"),
            "type": "payment",
            "payment": payment,
        },
    )
    who = identifiers(status, numbers=("recipient_id",), ids=("recipient_user_id",))
    yield from message_event(message, source, who, direction="in", opens=Opens.HOLDER, marks={"target": asked})
