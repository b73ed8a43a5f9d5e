"""Service that stores what customers choose about marketing. Caller holds the transaction."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from conversations.incoming import IncomingMessage
from conversations.marketing import MarketingChoice, latest_choices
from conversations.models import Customer, MarketingRefusal
from conversations.services.identify import serialization_failure


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


def opt_out_recipients(*, refusals: Sequence[MarketingRefusal]) -> None:
    """Store that the recipients of these messages have opted out. Messages that are not stored are ignored.

    No statement where there are none, otherwise three. Locks the customers: before any message. Raises
    django.db.Error; among them an OperationalError of serialization_failure: the caller repeats the transaction.
    """
    if not refusals:
        return
    found = zip(Customer.objects.recipients(refusals), refusals, strict=True)
    choices = latest_choices((owner, MarketingChoice(refusal.at, stops=True)) for owner, refusal in found if owner)
    # The look-up locks nothing: in the meantime a customer may have been merged into another.
    if len(Customer.objects.lock(choices)) < len(choices):
        raise serialization_failure("A customer was merged into another at the same moment.")
    Customer.objects.write_marketing_choices(choices)
