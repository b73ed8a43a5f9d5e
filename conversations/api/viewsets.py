"""REST resources of conversations and messages. Sending messages is in whatsapp/outbound/api/."""

from uuid import UUID

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import get_object_or_404
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.filters import ConversationFilter
from conversations.api.message_serializers import MessageSerializer
from conversations.api.pagination import InThreadOrder, LatestMessageFirst
from conversations.api.serializers import (
    ConversationChangeSerializer,
    ConversationSerializer,
    read_conversation_changes,
)
from conversations.channels import with_channel
from conversations.models import Conversation, Message
from conversations.models.media import with_files
from conversations.services.change import change_conversation
from conversations.services.labels import find_labels
from leadsite.rest.schema import ONLY_IDS, WRITING, errors, reading
from leadsite.rest.viewsets import OwnedViewSet, ReplicaListMixin


@extend_schema_view(
    list=reading("Conversations, latest message first", ConversationSerializer(many=True)),
    retrieve=reading("One conversation", ConversationSerializer, 404),
)
class ConversationViewSet(ReplicaListMixin, RetrieveModelMixin, OwnedViewSet[Conversation]):
    """The caller's own conversations; those of other businesses answer 404."""

    queryset = Conversation.objects.select_related("customer")
    serializer_class = ConversationSerializer
    lookup_url_kwarg = "conversation_id"
    filter_backends = [DjangoFilterBackend]
    filterset_class = ConversationFilter
    pagination_class = LatestMessageFirst

    @extend_schema(
        summary="Change its status, assign, label or snooze it",
        description=(
            "Send one or more of `status`, `assigned_to`, `labels` and `snoozed_until`. A customer has at most one"
            f" active conversation. Completing or archiving ends a snooze, as does the customer's"
            f" next message. {ONLY_IDS}"
        ),
        request=ConversationChangeSerializer,
        responses={200: ConversationSerializer, **errors(404, *WRITING, "another_active")},
    )
    def partial_update(self, request: Request, conversation_id: UUID) -> Response:
        changes = read_conversation_changes(request.data)
        if "labels" in changes:
            changes["label_ids"] = find_labels(user_id=self.user_id, given=changes.pop("labels"))
        changed = change_conversation(user_id=self.user_id, conversation_id=conversation_id, changes=changes)
        return Response(ConversationSerializer(changed).data if self.may_read else {"id": changed.pk})


@extend_schema_view(
    retrieve=reading(
        "One message, with its status",
        MessageSerializer,
        404,
        description=(
            "To follow a message that you have sent, ask every few seconds until its status is `delivered`, `read` or"
            " `failed`; or subscribe to the event `message.status`. See Status of a message."
        ),
    )
)
class MessageViewSet(RetrieveModelMixin, OwnedViewSet[Message]):
    """The caller's own messages; those of other businesses answer 404."""

    queryset = Message.objects.with_referred()
    serializer_class = MessageSerializer
    lookup_url_kwarg = "message_id"

    def get_queryset(self) -> QuerySet[Message]:
        return with_files(with_channel(super().get_queryset()))


@extend_schema_view(list=reading("Its messages, newest first", MessageSerializer(many=True), 404))
class ThreadViewSet(ReplicaListMixin, OwnedViewSet[Message]):
    """The messages of one conversation, both directions, in the order of the thread."""

    queryset = Message.objects.with_referred()
    serializer_class = MessageSerializer
    pagination_class = InThreadOrder

    def get_queryset(self) -> QuerySet[Message]:
        """Raises Http404 where the conversation is not the caller's."""
        own = Conversation.objects.filter(user=self.user_id)
        conversation = get_object_or_404(own, pk=self.kwargs["conversation_id"])
        return with_files(with_channel(super().get_queryset().filter(conversation=conversation)))
