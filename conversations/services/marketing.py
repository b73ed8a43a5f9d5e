"""Service that stores what customers choose about marketing. Caller holds the transaction."""

from collections.abc import Iterable
from uuid import UUID

from conversations.incoming import IncomingMessage
from conversations.marketing import MarketingChoice, latest_choices
from conversations.models import Customer


def store_choices(*, messages: Iterable[tuple[IncomingMessage, UUID | None]]) -> None:
    """Store the choices that messages report, each with its customer, whom the caller has locked.

    No statement where there are none, otherwise one. Raises django.db.Error.
    """
    choices = (
        (customer_id, MarketingChoice(message.at, message.event.stops_marketing))
        for message, customer_id in messages
        if customer_id is not None and message.event.stops_marketing is not None
    )
    Customer.objects.write_marketing_choices(latest_choices(choices))
