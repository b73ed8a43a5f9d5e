"""Conversations and their messages as JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.kinds import text_of_message
from conversations.models import Conversation, Message
from leadsite.rest.fields import StrictChoiceField
from leadsite.rest.schema import A_TIME, AN_ID, ANOTHER_ID, example

# Statuses that the API shows as another one: a voice note that was played counts as read.
_SHOWN_AS = {Message.Status.PLAYED.value: Message.Status.READ.value}
API_STATUSES = [status for status in Message.Status.values if status not in _SHOWN_AS]


@example(
    answered={
        "id": AN_ID,
        "customer_id": ANOTHER_ID,
        "customer_name": "Amina",
        "customer_phone": "+4915123456789",
        "customer_whatsapp_user_id": None,
        "status": "active",
        "last_message_at": A_TIME,
        "last_inbound_at": A_TIME,
        "created_at": A_TIME,
        "updated_at": A_TIME,
    }
)
class ConversationSerializer(serializers.ModelSerializer[Conversation]):
    """A conversation in responses: flat, with the customer's name and identifiers."""

    customer_name = serializers.CharField(source="customer.name")
    customer_phone = serializers.CharField(source="customer.phone", allow_null=True)
    customer_whatsapp_user_id = serializers.CharField(source="customer.whatsapp_user_id", allow_null=True)

    class Meta:
        model = Conversation
        fields = [
            "id",
            "customer_id",
            "customer_name",
            "customer_phone",
            "customer_whatsapp_user_id",
            "status",
            "last_message_at",
            "last_inbound_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


@example(asked={"status": "completed"})
class ConversationChangeSerializer(serializers.Serializer[Any]):
    """The body of PATCH /api/conversations/<id>."""

    status = StrictChoiceField(Conversation.Status.choices)


@example(
    answered={
        "id": AN_ID,
        "conversation_id": ANOTHER_ID,
        "direction": "out",
        "kind": "text",
        "content": "Your cake is ready",
        "text": "Your cake is ready",
        "status": "delivered",
        "error": None,
        "provider_id": "wamid.HBgLNDkxNTEyMzQ1Njc4ORUCABEY",
        "provider_time": None,
        "times": {"sent": A_TIME, "delivered": A_TIME},
        "created_at": A_TIME,
        "updated_at": A_TIME,
    }
)
class MessageSerializer(serializers.ModelSerializer[Message]):
    text = serializers.SerializerMethodField()
    status = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    times = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = [
            "id",
            "conversation_id",
            "direction",
            "kind",
            "content",
            "text",
            "status",
            "error",
            "provider_id",
            "provider_time",
            "times",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_text(self, message: Message) -> str:
        """What the message says: its content or, where it has none, words for its kind: "Photo"."""
        return text_of_message(message.kind, message.content)

    @extend_schema_field({"type": "string", "enum": API_STATUSES})
    def get_status(self, message: Message) -> str:
        return _SHOWN_AS.get(message.status, message.status)

    def get_error(self, message: Message) -> str | None:
        return message.current_error or None

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string", "format": "date-time"}})
    def get_times(self, message: Message) -> dict[str, Any]:
        """When the message was sent, delivered and read, as the provider reported it."""
        times = message.extras.get("times") if isinstance(message.extras, dict) else None
        return times if isinstance(times, dict) else {}
