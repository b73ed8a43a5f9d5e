"""Conversations as JSON. Their messages: message_serializers.py."""

from datetime import datetime
from typing import Any, Final

from rest_framework import serializers

from conversations.api.fields import NAME_HELP, PHONE_HELP, AssigneeField, E164Field, LabelsField
from conversations.models import Conversation
from conversations.services.labels import chosen_of, labels_of
from leadsite.core import clock
from leadsite.rest.fields import StrictChoiceField, StrictDateTimeField, StrictSerializer
from leadsite.rest.schema import A_TIME, AN_ID, ANOTHER_ID, example


@example(
    answered={
        "id": AN_ID,
        "customer_id": ANOTHER_ID,
        "customer_name": "Amina",
        "customer_phone": "+4915123456789",
        "customer_whatsapp_user_id": None,
        "customer_marketing_opted_out_at": None,
        "status": "active",
        "last_message_at": A_TIME,
        "last_inbound_at": A_TIME,
        "waiting_since": None,
        "assigned_to": None,
        "labels": ["Regular", "Wedding"],
        "snoozed_until": None,
        "created_at": A_TIME,
        "updated_at": A_TIME,
    }
)
class ConversationSerializer(serializers.ModelSerializer[Conversation]):
    """A conversation with a customer, with the customer's name and identifiers."""

    customer_name = serializers.CharField(source="customer.name", help_text=NAME_HELP)
    customer_phone = E164Field(source="customer.phone", help_text=PHONE_HELP)
    customer_whatsapp_user_id = serializers.CharField(
        source="customer.whatsapp_user_id",
        allow_null=True,
        help_text="WhatsApp's id of the customer: `to` of POST /api/whatsapp takes it. Null where it is not known.",
    )
    customer_marketing_opted_out_at = serializers.DateTimeField(
        source="customer.marketing_opted_out_at",
        allow_null=True,
        help_text="Since when the customer wants no marketing: marketing templates are 409 `opted_out`.",
    )

    labels = serializers.SerializerMethodField()
    snoozed_until = serializers.DateTimeField(
        allow_null=True,
        help_text="Until then it is in none of the inbox's lists of work; a past time: it has come back to them.",
    )

    class Meta:
        model = Conversation
        fields = [
            "id",
            "customer_id",
            "customer_name",
            "customer_phone",
            "customer_whatsapp_user_id",
            "customer_marketing_opted_out_at",
            "status",
            "last_message_at",
            "last_inbound_at",
            "waiting_since",
            "assigned_to",
            "labels",
            "snoozed_until",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_labels(self, conversation: Conversation) -> list[str]:
        """The names of its labels."""
        if not conversation.label_ids:
            return []
        # One statement for a list, and none where no conversation has a label.
        context: Any = self.context
        if "labels" not in context:
            context["labels"] = labels_of(conversation.user_id)
        return [label.name for label in chosen_of(context["labels"], conversation.label_ids)]


@example(asked={"status": "completed"})
class ConversationChangeSerializer(StrictSerializer):
    """The fields to change, one at least. Fields that are left out keep their values."""

    status = StrictChoiceField(Conversation.Status.choices, required=False)
    assigned_to = AssigneeField()
    labels = LabelsField()
    snoozed_until = StrictDateTimeField(
        required=False, allow_null=True, help_text="A time to come, with its offset; null ends the snooze."
    )

    def validate_snoozed_until(self, until: datetime | None) -> datetime | None:
        if until is not None and until <= clock.now():
            raise serializers.ValidationError("Must be a time to come.")
        return until

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Send status, assigned_to, labels or snoozed_until.")
        return attrs


# One instance for all requests, as in leads/api/serializers.py.
_CHANGE: Final = ConversationChangeSerializer()


def read_conversation_changes(body: Any) -> dict[str, Any]:
    """Parse the body of PATCH into changes for the service. Raises ValidationError."""
    changes: dict[str, Any] = _CHANGE.run_validation(body)
    return changes
