"""A thread of messages with one customer of one business. No provider and no sales in here.

leads/services/create.py has the order of locks that every writer keeps, Note [Lock order].
"""

from conversations.models.conversations import Conversation, Opened, Opening
from conversations.models.customers import (
    NAME_MAX_LENGTH,
    WHATSAPP_USER_ID_MAX_LENGTH,
    Customer,
    CustomerMove,
    UpsertedCustomer,
)
from conversations.models.messages import (
    CONTENT_MAX_LENGTH,
    KIND_MAX_LENGTH,
    PROVIDER_ID_MAX_LENGTH,
    Message,
)
from conversations.models.statuses import ParkedStatus

__all__ = [
    "CONTENT_MAX_LENGTH",
    "KIND_MAX_LENGTH",
    "NAME_MAX_LENGTH",
    "PROVIDER_ID_MAX_LENGTH",
    "WHATSAPP_USER_ID_MAX_LENGTH",
    "Conversation",
    "Customer",
    "CustomerMove",
    "Message",
    "Opened",
    "Opening",
    "ParkedStatus",
    "UpsertedCustomer",
]
