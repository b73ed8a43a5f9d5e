"""Customers, conversations and messages. Knows nothing of providers or of leads.

Every writer keeps the lock order of Note [Lock order] in leads/services/create.py.
"""

from conversations.models.conversations import Conversation
from conversations.models.customers import (
    NAME_MAX_LENGTH,
    WHATSAPP_USER_ID_MAX_LENGTH,
    Customer,
    UpsertedCustomer,
)
from conversations.models.erased import ErasedMark
from conversations.models.labels import LABEL_MAX_LENGTH, MOST_LABELS, Label
from conversations.models.marketing import Undelivered
from conversations.models.media import DueMedia, NewMedia, Orphan, StoredMedia
from conversations.models.messages import (
    CONTENT_MAX_LENGTH,
    IS_UNDECIDED,
    KIND_MAX_LENGTH,
    PROVIDER_ID_MAX_LENGTH,
    SETTLED,
    Message,
)
from conversations.models.moves import CustomerMove, Holder, IdentifiersRow, KnownAs, MoveRow
from conversations.models.notes import NOTE_MAX_LENGTH, Note, NoteMention
from conversations.models.openings import Opened, Opening, PastConversation
from conversations.models.past import PastMessage
from conversations.models.statuses import ParkedStatus

__all__ = [
    "CONTENT_MAX_LENGTH",
    "IS_UNDECIDED",
    "KIND_MAX_LENGTH",
    "LABEL_MAX_LENGTH",
    "MOST_LABELS",
    "NAME_MAX_LENGTH",
    "NOTE_MAX_LENGTH",
    "PROVIDER_ID_MAX_LENGTH",
    "SETTLED",
    "WHATSAPP_USER_ID_MAX_LENGTH",
    "Conversation",
    "Customer",
    "CustomerMove",
    "DueMedia",
    "ErasedMark",
    "Holder",
    "IdentifiersRow",
    "KnownAs",
    "Label",
    "Message",
    "MoveRow",
    "NewMedia",
    "Note",
    "NoteMention",
    "Opened",
    "Opening",
    "Orphan",
    "ParkedStatus",
    "PastConversation",
    "PastMessage",
    "StoredMedia",
    "Undelivered",
    "UpsertedCustomer",
]
