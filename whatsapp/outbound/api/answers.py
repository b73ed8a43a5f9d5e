"""The answer to a request that sends a message."""

from typing import Any

from rest_framework import serializers

from leadsite.rest.schema import AN_ID, ANOTHER_ID, example


@example(
    answered={
        "success": True,
        "message_id": AN_ID,
        "conversation_id": ANOTHER_ID,
        "lead_id": None,
        "status": "queued",
        "window": "open",
    }
)
class QueuedSerializer(serializers.Serializer[Any]):
    """A message that was stored and will be sent."""

    success = serializers.BooleanField(default=True)
    message_id = serializers.UUIDField()
    conversation_id = serializers.UUIDField()
    lead_id = serializers.UUIDField(allow_null=True, help_text="Null without `createLead`.")
    status = serializers.ChoiceField(choices=["queued"])
    window = serializers.ChoiceField(
        choices=["open", "closed"], help_text="Whether the customer wrote or called in the last 24 hours."
    )
