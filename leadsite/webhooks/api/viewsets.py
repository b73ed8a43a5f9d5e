"""REST resources of webhook endpoints and their events."""

from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from leadsite.rest.schema import WRITING, errors, reading
from leadsite.rest.viewsets import OwnedViewSet
from leadsite.webhooks import services
from leadsite.webhooks.api.filters import EventFilter
from leadsite.webhooks.api.serializers import (
    EndpointChangeSerializer,
    EndpointSerializer,
    EndpointWithSecretSerializer,
    EventSerializer,
    EventWithPayloadSerializer,
    NewEndpointSerializer,
    QueuedEventSerializer,
    RetriedSerializer,
    RetryFailedSerializer,
)
from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent
from leadsite.webhooks.resending import resend, resend_failed

# One instance of each for all requests, as in leads/api/serializers.py.
_NEW: Final = NewEndpointSerializer()
_CHANGE: Final = EndpointChangeSerializer()
_RETRY_FAILED: Final = RetryFailedSerializer()


# Events contain data that the scope `read` protects, so registering an endpoint requires it too.
READ_AND_WRITE: Final = "read write"
_OWN: Final = "URLs of yours that events are posted to: see Webhooks. Their secrets are not shown."
_ITS_EVENTS: Final = (
    "An event is `pending`, `delivered`, or `failed` after a day of attempts; `last_status` and `error` say what your"
    " receiver answered. Delivered ones are kept for 30 days, failed ones for 90."
)
_REGISTERING: Final = (
    "Requires the scopes `read` and `write`. Store `secret`: it verifies the signatures, and is not shown again. Takes"
    " no `Idempotency-Key`, because the stored answer would contain the secret. A business has at most 20 endpoints."
)
_CHANGING: Final = (
    "Requires the scopes `read` and `write`. `headers` has those that change; null removes one. If the URL changes to"
    " another scheme, host or port, headers that are not given again are removed. `active: true` enables an endpoint"
    " that was disabled."
)
_DELETING: Final = "Requires the scopes `read` and `write`. What is pending is not posted any more."
_WITH_SECRET: Final = OpenApiResponse(EndpointWithSecretSerializer, description="The endpoint with its secret.")
_QUEUED: Final = OpenApiResponse(QueuedEventSerializer, description="The event will be posted within seconds.")
_QUEUED_MANY: Final = OpenApiResponse(RetriedSerializer, description="The events will be posted, oldest first.")


@extend_schema_view(
    list=reading("Webhook endpoints, newest first", EndpointSerializer(many=True), description=_OWN),
    retrieve=reading("One endpoint", EndpointSerializer, 404, description=_OWN),
)
class WebhookEndpointViewSet(ListModelMixin, RetrieveModelMixin, OwnedViewSet[WebhookEndpoint]):
    scope = READ_AND_WRITE
    queryset = WebhookEndpoint.objects.all()
    serializer_class = EndpointSerializer
    lookup_url_kwarg = "endpoint_id"

    @extend_schema(
        summary="Register an endpoint; only this answer contains its secret",
        description=_REGISTERING,
        request=NewEndpointSerializer,
        responses={201: _WITH_SECRET, **errors(*WRITING, "too_many_endpoints", "cannot_keep_secrets")},
    )
    def create(self, request: Request) -> Response:
        # Without Idempotency-Key: the stored answer would contain the unencrypted secret.
        fields = _NEW.run_validation(request.data)
        return with_secret(services.create_endpoint(user_id=self.user_id, **fields), status.HTTP_201_CREATED)

    @extend_schema(
        summary="Change an endpoint, or enable or disable it",
        description=_CHANGING,
        request=EndpointChangeSerializer,
        responses={200: EndpointSerializer, **errors(404, *WRITING, "cannot_keep_secrets")},
    )
    def partial_update(self, request: Request, endpoint_id: UUID) -> Response:
        changes = _CHANGE.run_validation(request.data)
        changed = services.change_endpoint(user_id=self.user_id, endpoint_id=endpoint_id, changes=changes)
        return Response(EndpointSerializer(changed).data)

    @extend_schema(
        summary="Delete an endpoint with its events",
        description=_DELETING,
        responses={204: None, **errors(404, *WRITING)},
    )
    def destroy(self, request: Request, endpoint_id: UUID) -> Response:
        services.delete_endpoint(user_id=self.user_id, endpoint_id=endpoint_id)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Rotate the secret; for 24 hours events are signed with both",
        description="The answer has the new secret, which is not shown again.",
        request=None,
        responses={200: _WITH_SECRET, **errors(404, *WRITING, "cannot_keep_secrets")},
    )
    @action(detail=True, methods=["post"], url_path="rotate-secret")
    def rotate_secret(self, request: Request, endpoint_id: UUID) -> Response:
        changed = services.rotate_secret(user_id=self.user_id, endpoint_id=endpoint_id)
        return with_secret(changed, status.HTTP_200_OK)

    @extend_schema(
        summary="Queue the failed events of the endpoint again, oldest first, with all attempts",
        description="At most 10,000 at a time: `more` says whether to repeat the request. A body is not required.",
        request=RetryFailedSerializer,
        responses={202: _QUEUED_MANY, **errors(404, *WRITING, "endpoint_off")},
    )
    @action(detail=True, methods=["post"], url_path="retry-failed", scope="write", takes_body=True)
    def retry_failed(self, request: Request, endpoint_id: UUID) -> Response:
        fields = _RETRY_FAILED.run_validation(request.data)
        resent = resend_failed(user_id=self.user_id, endpoint_id=endpoint_id, since=fields.get("since"))
        return Response({"success": True, **resent._asdict()}, status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        summary="Queue a webhook.test event for the endpoint",
        description="To see that your receiver works. The event has the state of its delivery, and its error.",
        request=None,
        responses={202: _QUEUED, **errors(404, *WRITING, "endpoint_off")},
    )
    @action(detail=True, methods=["post"], scope="write")
    def test(self, request: Request, endpoint_id: UUID) -> Response:
        return queued(services.send_test(user_id=self.user_id, endpoint_id=endpoint_id))


@extend_schema_view(
    list=reading(
        "The events of an endpoint and their states, newest first",
        EventSerializer(many=True),
        404,
        description=_ITS_EVENTS,
    ),
    retrieve=reading("An event with the body that is posted", EventWithPayloadSerializer, 404, description=_ITS_EVENTS),
)
class WebhookEventViewSet(ListModelMixin, RetrieveModelMixin, OwnedViewSet[WebhookEvent]):
    queryset = WebhookEvent.objects.all()
    serializer_class = EventSerializer
    filter_backends = [DjangoFilterBackend]
    filterset_class = EventFilter
    lookup_url_kwarg = "event_id"

    def get_serializer_class(self) -> type[EventSerializer]:
        return EventWithPayloadSerializer if self.action == "retrieve" else EventSerializer

    def get_queryset(self) -> QuerySet[WebhookEvent]:
        """Raises Http404 if the endpoint is not the caller's."""
        own = WebhookEndpoint.objects.filter(user=self.user_id)
        endpoint = get_object_or_404(own, pk=self.kwargs["endpoint_id"])
        events = super().get_queryset().filter(endpoint=endpoint)
        return events if self.action == "retrieve" else events.defer("payload")

    @extend_schema(
        summary="Queue a failed or delivered event again, with all attempts",
        description="It is posted with the same `webhook-id` and body.",
        request=None,
        responses={202: _QUEUED, **errors(404, *WRITING, "endpoint_off", "event_pending")},
    )
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, endpoint_id: UUID, event_id: UUID) -> Response:
        return queued(resend(user_id=self.user_id, endpoint_id=endpoint_id, event_id=event_id))


def with_secret(new: services.NewSecret, code: int) -> Response:
    answer = Response(EndpointSerializer(new.endpoint).data | {"secret": new.secret}, status=code)
    answer["Cache-Control"] = "no-store"
    return answer


def queued(event: WebhookEvent) -> Response:
    return Response({"success": True, "event_id": event.pk}, status=status.HTTP_202_ACCEPTED)
