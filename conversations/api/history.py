"""The histories of conversations and customers."""

from conversations.models import Conversation, Customer
from leadsite.audit.api import HistoryViewSet


class ConversationHistoryViewSet(HistoryViewSet):
    """The changes of one conversation, also of a deleted one."""

    rows = Conversation.all_objects.all()
    row_kwarg = "conversation_id"


class CustomerHistoryViewSet(HistoryViewSet):
    """The changes of one customer: names, numbers, what they want no more."""

    rows = Customer.objects.all()
    row_kwarg = "customer_id"
