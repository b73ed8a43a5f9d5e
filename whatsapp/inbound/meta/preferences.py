"""Reads what customers choose about marketing (Meta, user_preferences webhook reference): notices with a choice."""

from collections.abc import Iterator
from typing import Final

from conversations.incoming import MessageEvent, Opens
from conversations.models import PROVIDER_ID_MAX_LENGTH
from whatsapp.inbound.events import Event
from whatsapp.inbound.meta.messages import Source
from whatsapp.inbound.meta.senders import identifiers
from whatsapp.json_parts import Part

MARKETING: Final = "marketing_messages"
# Value -> whether the customer opts out, and the words for staff.
_CHOICES: Final = {
    "stop": (True, "The customer does not want marketing messages any more"),
    "resume": (False, "The customer wants marketing messages again"),
}


def preference_events(item: Part, source: Source) -> Iterator[Event]:
    """Yield the choice of one customer about marketing. It joins a conversation, and opens none.

    Choices have no id: customer, choice and time identify them. Other categories and values are noted and ignored.
    """
    category, value = item.text("category").lower(), item.text("value").lower()
    if category != MARKETING or value not in _CHOICES:
        item.note("its category or value is not known; ignored")
        return
    who = identifiers(item, numbers=("wa_id",), ids=("user_id",))
    contact = source.contacts.find(who, alone=source.alone)
    customer = who | contact.who
    if not customer:
        item.reject("has neither the number nor the user id of a customer")
        return
    stops, words = _CHOICES[value]
    at = item.moment("timestamp", source.received_at)
    seconds = int((at or source.received_at).timestamp())
    name = customer.whatsapp_user_id or customer.phone
    yield MessageEvent(
        channel=source.channel,
        customer=customer.sender(contact.name),
        provider_id=f"{MARKETING}:{value}:{seconds}:{name}"[:PROVIDER_ID_MAX_LENGTH],
        direction="in",
        kind="user_preferences",
        content=words,
        provider_time=at,
        opens=Opens.NOTHING,
        extras={"user_preferences": item.data},
        stops_marketing=stops,
    )
