"""REST endpoints of conversations and messages. Sending is the provider's business: whatsapp/outbound/api.py."""

from typing import Any, Final, cast
from uuid import UUID

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from conversations.api.filters import ConversationFilter
from conversations.api.serializers import ConversationChangeSerializer, ConversationSerializer, MessageSerializer
from conversations.models import Conversation, Message
from conversations.services.change import change_conversation
from leadsite.accounts.models import User
from leadsite.rest.schema import WRITING, errors, reading

# One instance for all requests, as in leads/api/serializers.py.
_CHANGE: Final = ConversationChangeSerializer()


class ConversationScope(generics.GenericAPIView[Conversation]):
    """The caller's own conversations; another business's are not there."""

    serializer_class: type[BaseSerializer[Any]] = ConversationSerializer
    lookup_url_kwarg = "conversation_id"

    def get_queryset(self) -> QuerySet[Conversation]:
        return Conversation.objects.filter(user=cast(User, self.request.user)).select_related("customer")


@reading("Conversations, newest first", ConversationSerializer(many=True), 400)
class ConversationList(ConversationScope, generics.ListAPIView[Conversation]):
    filter_backends = [DjangoFilterBackend]
    filterset_class = ConversationFilter


@reading("One conversation", ConversationSerializer, 404)
class ConversationDetail(ConversationScope, generics.RetrieveAPIView[Conversation]):
    @extend_schema(
        summary="Change its status",
        request=ConversationChangeSerializer,
        responses={200: ConversationSerializer, **errors(404, *WRITING)},
    )
    def patch(self, request: Request, conversation_id: UUID) -> Response:
        status = _CHANGE.run_validation(request.data)["status"]
        user_id = cast(User, request.user).pk
        changed = change_conversation(user_id=user_id, conversation_id=conversation_id, status=status)
        return Response(ConversationSerializer(changed).data)


class MessageScope(generics.GenericAPIView[Message]):
    """The caller's own messages; another business's are not there."""

    serializer_class: type[BaseSerializer[Any]] = MessageSerializer

    def get_queryset(self) -> QuerySet[Message]:
        return Message.objects.filter(user=cast(User, self.request.user))


@reading("What became of a message", MessageSerializer, 404)
class MessageDetail(MessageScope, generics.RetrieveAPIView[Message]):
    lookup_url_kwarg = "message_id"


@reading("Its messages, newest first", MessageSerializer(many=True), 400, 404)
class Thread(MessageScope, generics.ListAPIView[Message]):
    """The messages of one conversation, newest first."""

    def get_queryset(self) -> QuerySet[Message]:
        mine = Conversation.objects.filter(user=cast(User, self.request.user))
        conversation = generics.get_object_or_404(mine, pk=self.kwargs["conversation_id"])
        return super().get_queryset().filter(conversation=conversation)
