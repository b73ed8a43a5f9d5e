"""REST resource of customers: their ids, their export and their erasure."""

from collections.abc import Mapping
from typing import ClassVar, Final
from uuid import UUID

from django.http import Http404
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.models import Customer
from leadsite.privacy.api.filters import CustomerFilter
from leadsite.privacy.api.serializers import CustomerSerializer, ErasingSerializer, ExportSerializer
from leadsite.privacy.erasing import REQUEST_SECONDS, erase_customer
from leadsite.privacy.exporting import export_customer
from leadsite.privacy.people import PersonUnknown
from leadsite.rest.pagination import NewestFirst
from leadsite.rest.schema import WRITING, errors, reading
from leadsite.rest.viewsets import OwnedViewSet, ReplicaListMixin

_OWN: Final = "The caller's own customers; those of other businesses answer 404."
_NOT_SAID: Final = (
    "A customer cannot be deleted, only erased with every trace, for good: send ?erase=true. DELETE /api/leads/<id>"
    " deletes a lead."
)


@extend_schema_view(
    list=reading("Customers, newest first", CustomerSerializer(many=True), 400, description=_OWN),
    retrieve=reading("One customer", CustomerSerializer, 404, description=_OWN),
)
class CustomerViewSet(ReplicaListMixin, RetrieveModelMixin, OwnedViewSet[Customer]):
    queryset = Customer.objects.all()
    serializer_class = CustomerSerializer
    lookup_url_kwarg = "customer_id"
    filter_backends = [DjangoFilterBackend]
    filterset_class = CustomerFilter
    pagination_class = NewestFirst
    parameters: ClassVar[Mapping[str, Mapping[str, bool]]] = {"destroy": {"erase": False}}

    @property
    def scope(self) -> str:
        return "erase" if self.action == "destroy" else "write"

    @property
    def reading_scope(self) -> str:
        return "export" if self.action == "export" else "read"

    @extend_schema(
        summary="Export all that is kept about the customer",
        description=(
            "One JSON document, as `manage.py export_customer` writes it; docs/privacy.md describes it. The files"
            " of messages are named in `files`, and are not in it. A key needs the scope `export`, which no key has by"
            " default. Where the search takes longer than a request may, it is 503: then use the command."
        ),
        responses={200: ExportSerializer, **errors(404)},
    )
    @action(detail=True, methods=["get"])
    def export(self, request: Request, customer_id: UUID) -> Response:
        return Response(export_customer(self.get_object()))

    @extend_schema(
        summary="Erase the customer with every trace",
        description=(
            "Removes messages, leads, stored deliveries, events and everything else about the person, for good. A key"
            " needs the scope `erase`, which no key has by default."
        ),
        parameters=[OpenApiParameter("erase", str, required=True, enum=["true"], description="Must be `true`.")],
        responses={
            202: OpenApiResponse(ErasingSerializer, description="Erased; a worker searches the rest within minutes."),
            204: OpenApiResponse(description="Erased, with every trace."),
            **errors(404, *WRITING),
        },
    )
    def destroy(self, request: Request, customer_id: UUID) -> Response:
        if request.query_params.get("erase") != "true":
            raise ValidationError({"erase": [_NOT_SAID]})
        try:
            erasure = erase_customer(user_id=self.user_id, customer_id=customer_id, seconds=REQUEST_SECONDS)
        except PersonUnknown as error:
            raise Http404(str(error)) from error
        if erasure.finished_at is not None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response({"erasure_id": erasure.pk, "status": "erasing"}, status=status.HTTP_202_ACCEPTED)
