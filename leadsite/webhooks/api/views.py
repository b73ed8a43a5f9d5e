"""REST endpoints of webhook endpoints: translate in, call the service once, translate out."""

from typing import Any, Final, cast
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from leadsite.accounts.models import User
from leadsite.rest.schema import WRITING, errors, reading
from leadsite.webhooks import services
from leadsite.webhooks.api.serializers import (
    EndpointChangeSerializer,
    EndpointSerializer,
    EndpointWithSecretSerializer,
    EventSerializer,
    NewEndpointSerializer,
    QueuedEventSerializer,
)
from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent

# One instance of each for all requests, as in leads/api/serializers.py.
_NEW: Final = NewEndpointSerializer()
_CHANGE: Final = EndpointChangeSerializer()


# Whoever says where events go reads what they tell.
READ_AND_WRITE: Final = "read write"


class EndpointScope(generics.GenericAPIView[WebhookEndpoint]):
    """The caller's own endpoints; another business's are not there."""

    scope = READ_AND_WRITE
    serializer_class: type[BaseSerializer[Any]] = EndpointSerializer
    lookup_url_kwarg = "endpoint_id"

    def get_queryset(self) -> QuerySet[WebhookEndpoint]:
        return WebhookEndpoint.objects.filter(user=cast(User, self.request.user))


@reading("Webhook endpoints, newest first", EndpointSerializer(many=True), 400)
class EndpointList(EndpointScope, generics.ListAPIView[WebhookEndpoint]):
    @extend_schema(
        summary="Register an endpoint; the answer holds its secret, this once",
        request=NewEndpointSerializer,
        responses={201: EndpointWithSecretSerializer, **errors(*WRITING)},
    )
    def post(self, request: Request) -> Response:
        # Without Idempotency-Key: the answer that is kept for a repeated request would hold the secret in clear.
        fields = _NEW.run_validation(request.data)
        created = services.create_endpoint(user_id=cast(User, request.user).pk, **fields)
        return with_secret(created, status.HTTP_201_CREATED)


@reading("One endpoint", EndpointSerializer, 404)
class EndpointDetail(EndpointScope, generics.RetrieveAPIView[WebhookEndpoint]):
    @extend_schema(
        summary="Change an endpoint, or switch it off or on again",
        request=EndpointChangeSerializer,
        responses={200: EndpointSerializer, **errors(404, *WRITING)},
    )
    def patch(self, request: Request, endpoint_id: UUID) -> Response:
        changes = _CHANGE.run_validation(request.data)
        user_id = cast(User, request.user).pk
        changed = services.change_endpoint(user_id=user_id, endpoint_id=endpoint_id, changes=changes)
        return Response(EndpointSerializer(changed).data)

    @extend_schema(summary="Delete an endpoint with its events", responses={204: None, **errors(404)})
    def delete(self, request: Request, endpoint_id: UUID) -> Response:
        services.delete_endpoint(user_id=cast(User, request.user).pk, endpoint_id=endpoint_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class EndpointSecret(APIView):
    scope = READ_AND_WRITE

    @extend_schema(
        summary="Make a new secret; the one before signs too for 24 hours",
        request=None,
        responses={200: EndpointWithSecretSerializer, **errors(404, *WRITING)},
    )
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        changed = services.rotate_secret(user_id=cast(User, request.user).pk, endpoint_id=endpoint_id)
        return with_secret(changed, status.HTTP_200_OK)


class EndpointTest(APIView):
    @extend_schema(
        summary="Post the event webhook.test to the endpoint",
        request=None,
        responses={202: QueuedEventSerializer, **errors(404, *WRITING)},
    )
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        return queued(services.send_test(user_id=cast(User, request.user).pk, endpoint_id=endpoint_id))


@reading("Its events, newest first, and what became of them", EventSerializer(many=True), 400, 404)
class EndpointEvents(generics.ListAPIView[WebhookEvent]):
    serializer_class = EventSerializer

    def get_queryset(self) -> QuerySet[WebhookEvent]:
        mine = WebhookEndpoint.objects.filter(user=cast(User, self.request.user))
        endpoint = generics.get_object_or_404(mine, pk=self.kwargs["endpoint_id"])
        return WebhookEvent.objects.filter(endpoint=endpoint, user_id=endpoint.user_id).defer("payload")


class EventRetry(APIView):
    @extend_schema(
        summary="Post a failed event again, for another day of tries",
        request=None,
        responses={202: QueuedEventSerializer, **errors(404, *WRITING)},
    )
    def post(self, request: Request, endpoint_id: UUID, event_id: UUID) -> Response:
        user_id = cast(User, request.user).pk
        return queued(services.send_again(user_id=user_id, endpoint_id=endpoint_id, event_id=event_id))


def with_secret(made: services.NewSecret, code: int) -> Response:
    answer = Response(EndpointSerializer(made.endpoint).data | {"secret": made.secret}, status=code)
    answer["Cache-Control"] = "no-store"
    return answer


def queued(event: WebhookEvent) -> Response:
    return Response({"success": True, "event_id": event.pk}, status=status.HTTP_202_ACCEPTED)
