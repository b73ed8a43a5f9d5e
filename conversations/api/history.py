"""The histories of conversations and customers."""

from drf_spectacular.utils import extend_schema_view

from conversations.models import Conversation, Customer
from leadsite.audit.api import HistorySerializer, HistoryViewSet
from leadsite.rest.schema import reading


@extend_schema_view(
    list=reading("Who changed it, and what, newest first", HistorySerializer(many=True), 400, 404),
)
class ConversationHistoryViewSet(HistoryViewSet):
    """The changes of one conversation, also of a deleted one."""

    rows = Conversation.all_objects.all()
    row_kwarg = "conversation_id"


@extend_schema_view(
    list=reading("Who changed it, and what, newest first", HistorySerializer(many=True), 400, 404),
)
class CustomerHistoryViewSet(HistoryViewSet):
    """The changes of one customer: names, numbers, what they want no more."""

    rows = Customer.objects.all()
    row_kwarg = "customer_id"
