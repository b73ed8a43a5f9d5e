"""Serializers of webhook endpoints and events."""

from typing import Any

from rest_framework import serializers

from leadsite.rest.fields import (
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictDateTimeField,
    StrictSerializer,
)
from leadsite.rest.schema import A_TIME, AN_ID, ANOTHER_ID, example
from leadsite.webhooks.addresses import AddressRefused, check_url
from leadsite.webhooks.headers import MAX_HEADERS, VALUE_MAX_LENGTH, HeaderRefused, check_headers
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


_HEADERS = (
    f"Headers of your own that each event is posted with, at most {MAX_HEADERS}, for example a token for a gateway."
    " Values are printable ASCII, stored encrypted, and not shown again."
)
_URL = (
    "`https://`, to a public address, without login and fragment. With `make run` also `http://` and addresses of your"
    " own machine and network."
)


class HeadersField(serializers.DictField):
    """Headers by name. A value of null removes one, where `removes`."""

    def __init__(self, *, removes: bool, **options: Any) -> None:
        child = StrictCharField(max_length=VALUE_MAX_LENGTH, allow_null=removes, trim_whitespace=False)
        super().__init__(child=child, required=False, write_only=True, help_text=_HEADERS, **options)

    def run_child_validation(self, data: Any) -> dict[str, str | None]:
        """Errors name the header and never quote a value."""
        try:
            return check_headers(super().run_child_validation(data))
        except HeaderRefused as error:
            raise serializers.ValidationError(str(error)) from error
        except serializers.ValidationError as error:
            problems = error.detail.items() if isinstance(error.detail, dict) else []
            raise serializers.ValidationError(
                [f"{name}: {' '.join(map(str, texts))}" for name, texts in problems]
            ) from error


def _events(**options: Any) -> serializers.ListField:
    count = len(WebhookEndpoint.Event.values)
    return serializers.ListField(
        child=StrictChoiceField(WebhookEndpoint.Event.choices),
        min_length=1,
        max_length=count,
        help_text="The events to post.",
        **options,
    )


_ENDPOINT = {
    "id": AN_ID,
    "url": "https://crm.example.com/hooks/leadsite",
    "description": "The CRM",
    "events": ["lead.created", "message.received"],
    "active": True,
    "header_names": ["X-Gateway-Token"],
    "failing_since": None,
    "disabled_at": None,
    "disabled_reason": "",
    "created_at": A_TIME,
    "updated_at": A_TIME,
}


@example(
    asked={name: _ENDPOINT[name] for name in ("url", "events", "description")}
    | {"headers": {"X-Gateway-Token": "4b1f0c"}}
)
class NewEndpointSerializer(StrictSerializer):
    """A URL to post events to."""

    url = UrlField(help_text=_URL)
    events = _events()
    description = StrictCharField(max_length=DESCRIPTION_MAX_LENGTH, required=False, allow_blank=True)
    headers = HeadersField(removes=False)


@example(asked={"active": True})
class EndpointChangeSerializer(StrictSerializer):
    """The fields to change. Fields that are left out keep their values."""

    url = UrlField(required=False, help_text=_URL)
    events = _events(required=False)
    description = StrictCharField(max_length=DESCRIPTION_MAX_LENGTH, required=False, allow_blank=True)
    active = StrictBooleanField(required=False)
    headers = HeadersField(removes=True)


@example(answered=_ENDPOINT)
class EndpointSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    """A URL that events are posted to."""

    header_names = serializers.ListField(
        child=serializers.CharField(), help_text="The names of your headers. Their values are not shown."
    )
    disabled_reason = serializers.CharField(help_text="Why leadsite has disabled it; empty if it has not.")

    class Meta:
        model = WebhookEndpoint
        fields = [
            *("id", "url", "description", "events", "active", "header_names", "failing_since", "disabled_at"),
            *("disabled_reason", "created_at", "updated_at"),
        ]
        read_only_fields = fields


@example(answered=_ENDPOINT | {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
class EndpointWithSecretSerializer(EndpointSerializer):
    """An endpoint with its secret, for the only answers that contain it."""

    secret = serializers.CharField(help_text="whsec_…: the key of the events' signatures. Not shown again.")

    class Meta(EndpointSerializer.Meta):
        fields = [*EndpointSerializer.Meta.fields, "secret"]
        read_only_fields = fields


_EVENT = {
    "id": ANOTHER_ID,
    "type": "lead.created",
    "state": "delivered",
    "attempts": 1,
    "due_at": None,
    "last_attempt_at": A_TIME,
    "last_status": 204,
    "error": "",
    "delivered_at": A_TIME,
    "created_at": A_TIME,
}


@example(answered=_EVENT)
class EventSerializer(serializers.ModelSerializer[WebhookEvent]):
    """An event and the state of its delivery, without the payload."""

    class Meta:
        model = WebhookEvent
        fields = [
            *("id", "type", "state", "attempts", "due_at", "last_attempt_at", "last_status", "error", "delivered_at"),
            "created_at",
        ]
        read_only_fields = fields


@example(answered=_EVENT | {"payload": {"type": "lead.created", "timestamp": A_TIME, "data": {"id": AN_ID}}})
class EventWithPayloadSerializer(EventSerializer):
    """An event with the body that is posted."""

    payload = serializers.DictField(help_text="The body that is posted.")

    class Meta(EventSerializer.Meta):
        fields = [*EventSerializer.Meta.fields, "payload"]
        read_only_fields = fields


@example(asked={"since": A_TIME})
class RetryFailedSerializer(StrictSerializer):
    """Which failed events to queue again: all, or those since a time."""

    since = StrictDateTimeField(required=False, help_text="Only events that were written since then.")


@example(answered={"success": True, "queued": 12, "more": False})
class RetriedSerializer(serializers.Serializer[Any]):
    """How many events were queued again."""

    success = serializers.BooleanField(default=True)
    queued = serializers.IntegerField(help_text="How many events were queued again.")
    more = serializers.BooleanField(help_text="Whether there are more: repeat the request.")


@example(answered={"success": True, "event_id": ANOTHER_ID})
class QueuedEventSerializer(serializers.Serializer[Any]):
    """The id of a queued event."""

    success = serializers.BooleanField(default=True)
    event_id = serializers.UUIDField()
