"""Customers, conversations and messages for the admin tests."""

from typing import Any

from conversations.models import Conversation, Customer, Message
from tests.factories import Business
from tests.staff import address

PHONE = "+4915123456789"
OTHER = "+4915100000000"


def customer_of(business: Business, phone: str = PHONE) -> tuple[Customer, str]:
    business.has_lead(customer_phone=phone)
    customer = Customer.objects.get(user=business.user, phone=phone)
    return customer, address("change", customer)


def two_conversations(business: Business) -> tuple[Conversation, Conversation]:
    """A completed one and an active one of the same customer."""
    done = business.has_lead(customer_phone=PHONE, conversation_status="completed")
    active = business.has_lead(customer_phone=PHONE)
    return tuple(Conversation.objects.get(pk=lead.conversation_id) for lead in (done, active))  # type: ignore[return-value] # a pair


def write(conversation: Conversation, text: str, **fields: Any) -> Message:
    columns = {"direction": "in", "status": "received"} | fields
    return Message.objects.create(user=conversation.user, conversation=conversation, content=text, **columns)
