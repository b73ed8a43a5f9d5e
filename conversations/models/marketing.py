"""What is read and written of customers' choices about marketing: lists, each in one statement."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from django.db import models

from conversations.marketing import MarketingChoice
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows

M = TypeVar("M", bound=models.Model)

# See conversations/marketing.py for which choice counts.
_WRITE_CHOICES: Final = """
    UPDATE customers AS c SET
        marketing_choice_at = given.at,
        marketing_opted_out_at = CASE WHEN given.stops THEN given.at END,
        updated_at = now()
    FROM unnest(%s::uuid[], %s::timestamptz[], %s::boolean[]) AS given (id, at, stops)
    WHERE c.id = given.id AND (c.marketing_choice_at IS NULL
        OR (c.marketing_choice_at, c.marketing_opted_out_at IS NOT NULL) < (given.at, given.stops))
"""
_RECIPIENTS: Final = """
    SELECT coalesce(v.customer_id, by_phone.id, by_id.id)
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::text[], %s::text[])
        WITH ORDINALITY AS given (user_id, provider_id, token, message_id, phone_key, whatsapp_user_id, n)
    LEFT JOIN LATERAL (
        SELECT m.conversation_id FROM messages AS m
        WHERE m.user_id = given.user_id AND m.id = given.message_id LIMIT 1
    ) AS ours ON true
    LEFT JOIN LATERAL (
        SELECT m.conversation_id FROM messages AS m
        WHERE m.user_id = given.user_id AND m.provider_id = given.provider_id LIMIT 1
    ) AS theirs ON true
    LEFT JOIN LATERAL (
        SELECT m.conversation_id FROM messages AS m
        WHERE m.user_id = given.user_id AND m.provider_token = given.token AND m.direction = 'out' LIMIT 1
    ) AS same ON true
    LEFT JOIN LATERAL (
        SELECT k.customer_id FROM conversations AS k
        WHERE k.id = coalesce(ours.conversation_id, theirs.conversation_id, same.conversation_id) LIMIT 1
    ) AS v ON true
    LEFT JOIN LATERAL (
        SELECT c.id FROM customers AS c WHERE c.user_id = given.user_id AND c.phone_key = given.phone_key LIMIT 1
    ) AS by_phone ON true
    LEFT JOIN LATERAL (
        SELECT c.id FROM customers AS c
        WHERE c.user_id = given.user_id AND c.whatsapp_user_id = given.whatsapp_user_id LIMIT 1
    ) AS by_id ON true
    ORDER BY given.n
"""


class Undelivered(NamedTuple):
    """A message that did not reach its customer. `opts_out`: because the customer has opted out of marketing.

    `message_id` is our id of the message, where it is known; `provider_id` the provider's, and `provider_token` what is
    the same in all ids that the provider has for the message. `phone_key` and `whatsapp_user_id`: the recipient's, by
    which the customer is found where the message is not stored.
    """

    user_id: UUID
    provider_id: str | None
    message_id: UUID | None
    at: datetime
    provider_token: str | None = None
    opts_out: bool = False
    phone_key: str | None = None
    whatsapp_user_id: str | None = None


class MarketingManager(models.Manager[M]):
    """The part of Customer.objects about marketing."""

    def has_opted_out(self, customer_id: UUID) -> bool:
        """Whether the customer wants no marketing."""
        return self.filter(pk=customer_id, marketing_opted_out_at__isnull=False).exists()

    def recipients(self, messages: Sequence[Undelivered]) -> list[UUID | None]:
        """Return the customer of each message, None where the customer is not stored. Locks nothing.

        Our id of the message counts first, then the provider's id as it is, then its token, then the recipient.
        """
        columns = ("user_id", "provider_id", "provider_token", "message_id", "phone_key", "whatsapp_user_id")
        values = [array(map(attrgetter(column), messages)) for column in columns]
        return [customer_id for (customer_id,) in fetch_rows(_RECIPIENTS, values)]

    def write_marketing_choices(self, choices: Mapping[UUID, MarketingChoice]) -> None:
        """Store the choice of each customer, unless a later one is stored. Caller has locked the customers."""
        if not choices:
            return
        times, stops = array(choice.at for choice in choices.values()), array(c.stops for c in choices.values())
        fetch_rows(_WRITE_CHOICES, [array(choices), times, stops])
