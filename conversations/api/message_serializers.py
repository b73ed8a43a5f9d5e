"""Messages of conversations as JSON."""

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.api.parts import (
    A_REFERRAL,
    ContextSerializer,
    MediaSerializer,
    ReactionSerializer,
    ReferralSerializer,
    media_of,
)
from conversations.kinds import text_of_message
from conversations.models import Message
from leadsite.rest.schema import A_TIME, AN_ID, ANOTHER_ID, example

# Statuses that the API shows as another one: a voice note that was played counts as read.
_SHOWN_AS = {Message.Status.PLAYED.value: Message.Status.READ.value}
API_STATUSES = [status for status in Message.Status.values if status not in _SHOWN_AS]
_A_PHOTO: Final = {
    "id": "1003383421387256",
    "mime_type": "image/jpeg",
    "filename": None,
    "caption": "Like these, but with pistachio",
    "sha256": "SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI=",
    "state": "stored",
    "reason": None,
    "size": 183204,
    "url": f"https://leads.example.com/api/files/{AN_ID}?until=1796083200&signature=0f4c",
    "thumbnail_url": f"https://leads.example.com/api/files/{AN_ID}?until=1796083200&size=small&signature=9ab1",
}
_AN_ANSWER: Final = {
    "provider_id": "wamid.HBgLNDkxNTEyMzQ1Njc4ORUCABEY",
    "message_id": ANOTHER_ID,
    "forwarded": False,
    "frequently_forwarded": False,
    "referred_product": None,
}


class ChannelSerializer(serializers.Serializer[Any]):
    """The business's number by which a message came in or goes out."""

    id = serializers.UUIDField()
    display_number = serializers.CharField(allow_null=True, help_text="As people read it; null where it is not known.")
    name = serializers.CharField(help_text="What staff call it: the display number or, without one, the provider's id.")
    provider = serializers.CharField(help_text="`cloud` (Meta's Cloud API) or `twilio`.")


@example(
    answered={
        "id": AN_ID,
        "conversation_id": ANOTHER_ID,
        "channel": {"id": AN_ID, "display_number": "+49 30 5550100", "name": "+49 30 5550100", "provider": "cloud"},
        "direction": "in",
        "author_id": None,
        "kind": "image",
        "content": "Like these, but with pistachio",
        "text": "Like these, but with pistachio",
        "status": "received",
        "error": None,
        "provider_id": "wamid.HBgLNDkxNTEyMzQ1Njc4ORUCABIYFAA=",
        "provider_time": A_TIME,
        "times": {},
        "media": [_A_PHOTO],
        "context": _AN_ANSWER,
        "reaction": None,
        "referral": A_REFERRAL,
        "created_at": A_TIME,
        "updated_at": A_TIME,
    }
)
class MessageSerializer(serializers.ModelSerializer[Message]):
    """A message of a conversation, to the customer (`out`) or from them (`in`)."""

    # Read with conversations.channels.with_channel.
    channel = ChannelSerializer(allow_null=True, help_text="Null while no number is connected.")
    author_id = serializers.UUIDField(
        allow_null=True, help_text="Who wrote an outgoing message in the admin; null for those of programs."
    )
    text = serializers.SerializerMethodField()
    status = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    times = serializers.SerializerMethodField()
    media = serializers.SerializerMethodField()
    context = serializers.SerializerMethodField()  # type: ignore[assignment] # a field named context
    reaction = serializers.SerializerMethodField()
    referral = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = [
            "id",
            "conversation_id",
            "channel",
            "direction",
            "author_id",
            "kind",
            "content",
            "text",
            "status",
            "error",
            "provider_id",
            "provider_time",
            "times",
            "media",
            "context",
            "reaction",
            "referral",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_text(self, message: Message) -> str:
        """What the message says: its content or, where it has none, words for its kind: "Photo"."""
        return text_of_message(message.kind, message.content, message.extras)

    @extend_schema_field({"type": "string", "enum": API_STATUSES})
    def get_status(self, message: Message) -> str:
        return _SHOWN_AS.get(message.status, message.status)

    def get_error(self, message: Message) -> str | None:
        """Of `failed` and `unknown`: why, and what to do. Of `queued`: why the last attempt failed, if any."""
        return message.current_error or None

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string", "format": "date-time"}})
    def get_times(self, message: Message) -> dict[str, Any]:
        """When the message was sent, delivered and read, as the provider reported it."""
        times = message.extras.get("times") if isinstance(message.extras, dict) else None
        return times if isinstance(times, dict) else {}

    @extend_schema_field(MediaSerializer(many=True))
    def get_media(self, message: Message) -> Any:
        # `context` is a field of this serializer to mypy.
        request = getattr(self.root, "_context", {}).get("request")
        site = request.build_absolute_uri("/")[:-1] if request else ""
        return media_of(_parts(message).get("media", []), getattr(message, "stored_files", []), site=site)

    @extend_schema_field(ContextSerializer(allow_null=True))
    def get_context(self, message: Message) -> Any:
        return _with_message_id(message, "context")

    @extend_schema_field(ReactionSerializer(allow_null=True))
    def get_reaction(self, message: Message) -> Any:
        return _with_message_id(message, "reaction")

    @extend_schema_field(ReferralSerializer(allow_null=True))
    def get_referral(self, message: Message) -> Any:
        return _parts(message).get("referral")


def _parts(message: Message) -> dict[str, Any]:
    return message.parts or {}


def _with_message_id(message: Any, part: str) -> dict[str, Any] | None:
    """The context or reaction with our id of its message, which MessageManager.with_referred has found."""
    found = _parts(message).get(part)
    return None if found is None else {**found, "message_id": message.referred_id}
