"""Posts signed deliveries to the webhook, for a business with a WhatsApp number."""

import json
from datetime import datetime
from typing import Any

from django.conf import settings

from conversations.models import Conversation, Customer, Message
from leads.models import Lead
from tests.factories import Business
from tests.whatsapp import meta, webhook_client
from whatsapp.channels import connect_channel
from whatsapp.models import WebhookDelivery

_meta = webhook_client.provider_client()


def post(body: bytes) -> Any:
    """Post one signed delivery and return the response."""
    return webhook_client.deliver(_meta, body, secret=settings.WHATSAPP_APP_SECRETS[0])


def deliver(*values_or_changes: Any) -> WebhookDelivery:
    """Post a delivery of these values, which must be answered 200, and return the stored delivery."""
    answer = post(meta.body(*values_or_changes))
    assert answer.status_code == 200, answer.content
    return WebhookDelivery.objects.order_by("-pk")[0]


class Inbox:
    """The deliveries to one business, and its rows."""

    def __init__(self, business: Business, channel: str = meta.CHANNEL) -> None:
        self.business = business
        self.channel = channel
        connect_channel(user_id=business.id, phone_number_id=channel)

    def gets(self, *messages: Any, **parts: Any) -> WebhookDelivery:
        """Deliver these messages to the business's number, in one delivery."""
        return deliver(meta.messages_value(self.channel, messages=list(messages), **parts))

    def gets_change(self, field: str, **parts: Any) -> WebhookDelivery:
        """Deliver a change of a field other than `messages`."""
        return deliver(meta.change(field, meta.value(self.channel, **parts)))

    def gets_statuses(self, *statuses: Any) -> WebhookDelivery:
        return deliver(meta.messages_value(self.channel, statuses=list(statuses)))

    @property
    def customers(self) -> list[Customer]:
        return list(Customer.objects.filter(user=self.business.user).order_by("pk"))

    @property
    def conversations(self) -> list[Conversation]:
        return list(Conversation.objects.filter(user=self.business.user).order_by("pk"))

    @property
    def leads(self) -> list[Lead]:
        return list(Lead.objects.filter(user=self.business.user).order_by("pk"))

    @property
    def messages(self) -> list[Message]:
        return list(Message.objects.filter(user=self.business.user).order_by("pk"))

    def counts(self) -> tuple[int, int, int, int]:
        """Customers, conversations, leads and messages."""
        return len(self.customers), len(self.conversations), len(self.leads), len(self.messages)

    def state(self) -> str:
        """All rows of the business, without their ids and times of writing: equal for equal events.

        The provider's notices are left out: a notice that arrives before its customer is not stored, but noted with
        its delivery.
        """
        return json.dumps([self._customer(customer) for customer in self.customers_in_order()], indent=1, default=str)

    def customers_in_order(self) -> list[Customer]:
        return sorted(self.customers, key=lambda customer: (customer.phone_key or "", customer.whatsapp_user_id or ""))

    def _customer(self, customer: Customer) -> dict[str, Any]:
        threads = Conversation.objects.filter(customer=customer).prefetch_related("messages", "leads")
        return {
            "who": [customer.phone, customer.whatsapp_user_id, customer.name],
            "marketing": [customer.marketing_choice_at, customer.marketing_opted_out_at],
            "conversations": [
                {
                    "is": [thread.status, thread.last_message_at, thread.last_inbound_at, second(thread.waiting_since)],
                    "leads": [
                        [lead.type, lead.status, lead.source, lead.details, lead.referral]
                        for lead in thread.leads.all()
                    ],
                    "messages": [
                        [
                            row.provider_id,
                            row.direction,
                            row.kind,
                            row.content,
                            row.status,
                            row.error,
                            row.extras,
                            row.parts,
                        ]
                        for row in sorted(thread.messages.all(), key=lambda row: row.provider_id or "")
                        if row.kind not in ("system", "user_preferences")
                    ],
                }
                for thread in threads.order_by("pk")
            ],
        }


def second(time: datetime | None) -> datetime | None:
    """A place in a thread without its microseconds, which are the order of arrival within a second."""
    return time.replace(microsecond=0) if time else None
