"""Endpoints and their events as JSON."""

from typing import Any

from rest_framework import serializers

from conversations.fields import StrictCharField, WordField
from leadsite.webhooks.addresses import AddressRefused, check_url
from leadsite.webhooks.models import DESCRIPTION_MAX_LENGTH, URL_MAX_LENGTH, WebhookEndpoint, WebhookEvent


class UrlField(StrictCharField):
    """An address that events may be posted to."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=URL_MAX_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        try:
            return check_url(super().to_internal_value(data))
        except AddressRefused as error:
            raise serializers.ValidationError(str(error)) from error


class StrictBooleanField(serializers.BooleanField):
    """A JSON truth value: DRF would also take "yes" and 1."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


def _events(**options: Any) -> serializers.ListField:
    most = len(WebhookEndpoint.Event.values)
    return serializers.ListField(
        child=WordField(WebhookEndpoint.Event.choices), allow_empty=False, max_length=most, **options
    )


class NewEndpointSerializer(serializers.Serializer[Any]):
    """The body of POST /api/webhook-endpoints."""

    url = UrlField()
    events = _events()
    description = StrictCharField(max_length=DESCRIPTION_MAX_LENGTH, required=False, allow_blank=True)


class EndpointChangeSerializer(serializers.Serializer[Any]):
    """The body of PATCH /api/webhook-endpoints/<id>."""

    url = UrlField(required=False)
    events = _events(required=False)
    description = StrictCharField(max_length=DESCRIPTION_MAX_LENGTH, required=False, allow_blank=True)
    active = StrictBooleanField(required=False)


class EndpointSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    disabled_reason = serializers.CharField(help_text="Why we have switched it off; empty where we have not.")

    class Meta:
        model = WebhookEndpoint
        fields = [
            *("id", "url", "description", "events", "active", "failing_since", "disabled_at", "disabled_reason"),
            *("created_at", "updated_at"),
        ]
        read_only_fields = fields


class EndpointWithSecretSerializer(EndpointSerializer):
    """The answer that holds the secret, this once."""

    secret = serializers.CharField(help_text="whsec_…: what the events are signed with. Not shown again.")

    class Meta(EndpointSerializer.Meta):
        fields = [*EndpointSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class EventSerializer(serializers.ModelSerializer[WebhookEvent]):
    """A delivery: without its payload, which was for the endpoint."""

    class Meta:
        model = WebhookEvent
        fields = [
            *("id", "type", "state", "attempts", "due_at", "last_status", "error", "delivered_at", "created_at"),
        ]
        read_only_fields = fields


class QueuedEventSerializer(serializers.Serializer[Any]):
    """An event that will be posted."""

    success = serializers.BooleanField(default=True)
    event_id = serializers.UUIDField()
