"""Serializers of webhook endpoints and events."""

from typing import Any

from rest_framework import serializers

from leadsite.rest.fields import StrictBooleanField, StrictCharField, StrictChoiceField, StrictSerializer
from leadsite.rest.schema import A_TIME, AN_ID, ANOTHER_ID, example
from leadsite.webhooks.addresses import AddressRefused, check_url
from leadsite.webhooks.models import DESCRIPTION_MAX_LENGTH, URL_MAX_LENGTH, WebhookEndpoint, WebhookEvent


class UrlField(StrictCharField):
    """An https URL that check_url accepts."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=URL_MAX_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        try:
            return check_url(super().to_internal_value(data))
        except AddressRefused as error:
            raise serializers.ValidationError(str(error)) from error


def _events(**options: Any) -> serializers.ListField:
    count = len(WebhookEndpoint.Event.values)
    return serializers.ListField(
        child=StrictChoiceField(WebhookEndpoint.Event.choices), allow_empty=False, max_length=count, **options
    )


_ENDPOINT = {
    "id": AN_ID,
    "url": "https://crm.example.com/hooks/leadsite",
    "description": "The CRM",
    "events": ["lead.created", "message.received"],
    "active": True,
    "failing_since": None,
    "disabled_at": None,
    "disabled_reason": "",
    "created_at": A_TIME,
    "updated_at": A_TIME,
}


@example(asked={name: _ENDPOINT[name] for name in ("url", "events", "description")})
class NewEndpointSerializer(StrictSerializer):
    """The body of POST /api/webhook-endpoints."""

    url = UrlField()
    events = _events()
    description = StrictCharField(max_length=DESCRIPTION_MAX_LENGTH, required=False, allow_blank=True)


@example(asked={"active": True})
class EndpointChangeSerializer(StrictSerializer):
    """The body of PATCH /api/webhook-endpoints/<id>."""

    url = UrlField(required=False)
    events = _events(required=False)
    description = StrictCharField(max_length=DESCRIPTION_MAX_LENGTH, required=False, allow_blank=True)
    active = StrictBooleanField(required=False)


@example(answered=_ENDPOINT)
class EndpointSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    disabled_reason = serializers.CharField(help_text="Why leadsite has disabled it; empty if it has not.")

    class Meta:
        model = WebhookEndpoint
        fields = [
            *("id", "url", "description", "events", "active", "failing_since", "disabled_at", "disabled_reason"),
            *("created_at", "updated_at"),
        ]
        read_only_fields = fields


@example(answered=_ENDPOINT | {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
class EndpointWithSecretSerializer(EndpointSerializer):
    """An endpoint with its secret, for the only answers that contain it."""

    secret = serializers.CharField(help_text="whsec_…: the key of the events' signatures. Not shown again.")

    class Meta(EndpointSerializer.Meta):
        fields = [*EndpointSerializer.Meta.fields, "secret"]
        read_only_fields = fields


@example(
    answered={
        "id": ANOTHER_ID,
        "type": "lead.created",
        "state": "delivered",
        "attempts": 1,
        "due_at": None,
        "last_status": 204,
        "error": "",
        "delivered_at": A_TIME,
        "created_at": A_TIME,
    }
)
class EventSerializer(serializers.ModelSerializer[WebhookEvent]):
    """An event and the state of its delivery, without the payload."""

    class Meta:
        model = WebhookEvent
        fields = [
            *("id", "type", "state", "attempts", "due_at", "last_status", "error", "delivered_at", "created_at"),
        ]
        read_only_fields = fields


@example(answered={"success": True, "event_id": ANOTHER_ID})
class QueuedEventSerializer(serializers.Serializer[Any]):
    """The id of a queued event."""

    success = serializers.BooleanField(default=True)
    event_id = serializers.UUIDField()
