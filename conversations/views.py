"""REST endpoints of messages: reading. Sending is the provider's business: whatsapp/api.py."""

from typing import Any, cast

from django.db.models import QuerySet
from rest_framework import generics
from rest_framework.serializers import BaseSerializer

from conversations.models import Conversation, Message
from conversations.serializers import MessageSerializer
from leadsite.accounts.models import User


class MessageScope(generics.GenericAPIView[Message]):
    """The caller's own messages; another business's are not there."""

    serializer_class: type[BaseSerializer[Any]] = MessageSerializer

    def get_queryset(self) -> QuerySet[Message]:
        return Message.objects.filter(user=cast(User, self.request.user))


class MessageDetail(MessageScope, generics.RetrieveAPIView[Message]):
    lookup_url_kwarg = "message_id"


class Thread(MessageScope, generics.ListAPIView[Message]):
    """The messages of one conversation, newest first."""

    def get_queryset(self) -> QuerySet[Message]:
        mine = Conversation.objects.filter(user=cast(User, self.request.user))
        conversation = generics.get_object_or_404(mine, pk=self.kwargs["conversation_id"])
        return super().get_queryset().filter(conversation=conversation)
