"""The REST resource of leads. Each view parses the request, calls one service and builds the response."""

from contextlib import nullcontext
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.mixins import RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.search.pages import SEARCH_PLANS
from leads.api.answers import (
    changed_answer,
    created_answer,
    lead_answer,
    version_wanted,
    without_details,
    without_open_leads,
)
from leads.api.batch import Outcome, Refused, create_batch, read_batch
from leads.api.filters import LeadFilter, LeadSearch
from leads.api.schema import (
    ALL_CREATED,
    CHANGE,
    CREATE,
    CREATE_MANY,
    CREATED,
    ETAG,
    EXISTED,
    IF_MATCH,
    SOME_CREATED,
    BatchSerializer,
)
from leads.api.serializers import (
    LeadChangeSerializer,
    LeadSerializer,
    NewLeadSerializer,
    read_lead_changes,
    read_new_lead,
)
from leads.models import Lead
from leads.services.change import StaleVersion, change_lead
from leads.services.create import CreatedLead, create_lead_once
from leads.services.delete import delete_lead, restore_lead
from leads.services.refusals import log_failed_creation
from leads.services.status_order import StatusNotAllowed
from leadsite.core.transactions import custom_plans
from leadsite.rest.idempotency import answer_once
from leadsite.rest.pagination import NewestByTime
from leadsite.rest.schema import CREATING, IDEMPOTENCY_KEY, WRITING, errors, reading
from leadsite.rest.viewsets import OwnedViewSet, ReplicaListMixin


@extend_schema_view(
    list=reading("Leads, newest first", LeadSerializer(many=True)),
    retrieve=reading("One lead", LeadSerializer, 404, parameters=[ETAG]),
)
class LeadViewSet(ReplicaListMixin, RetrieveModelMixin, OwnedViewSet[Lead]):
    """The caller's own leads; those of other businesses answer 404."""

    queryset = Lead.objects.select_related("conversation__customer")
    serializer_class = LeadSerializer
    lookup_url_kwarg = "lead_id"
    pagination_class = NewestByTime
    filter_backends = (DjangoFilterBackend, LeadSearch)
    filterset_class = LeadFilter

    def get_queryset(self) -> QuerySet[Lead]:
        wants_deleted = self.action == "list" and self.request.query_params.get("deleted") == "true"
        if not wants_deleted:
            return super().get_queryset()
        deleted = Lead.all_objects.filter(user=self.user_id, deleted_at__isnull=False)
        return deleted.select_related("conversation__customer")

    def list_rows(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        # Without filters one plan suits every business, so the prepared statement is used.
        filters = request.query_params.keys() - {"cursor", "ordering", "page_size"}
        plans = SEARCH_PLANS if LeadSearch.parameter in filters else {}
        with custom_plans(**plans) if filters else nullcontext():
            return super().list_rows(request, *args, **kwargs)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return lead_answer(self.get_object())

    @extend_schema(
        summary="Create a lead with its conversation",
        description=CREATE,
        parameters=[IDEMPOTENCY_KEY],
        request=NewLeadSerializer,
        responses={201: CREATED, 200: EXISTED, **errors(*CREATING, "external_id_taken")},
    )
    def create(self, request: Request) -> Response | HttpResponse:
        answer = answer_once(request, user_id=self.user_id, make=lambda: _create(self.user_id, request))
        return answer if self.may_read else without_open_leads(answer)

    @extend_schema(
        summary="Create many leads: all or none, or all valid ones",
        description=CREATE_MANY,
        parameters=[IDEMPOTENCY_KEY],
        request=BatchSerializer,
        responses={201: ALL_CREATED, 207: SOME_CREATED, **errors(*CREATING, "external_id_taken")},
    )
    @action(detail=False, methods=["post"], takes_body=True)
    def batch(self, request: Request) -> Response | HttpResponse:
        """POST /api/leads/batch."""
        return answer_once(request, user_id=self.user_id, make=lambda: _create_batch(self.user_id, request))

    @extend_schema(
        summary="Change a lead",
        description=CHANGE,
        parameters=[IF_MATCH, ETAG],
        request=LeadChangeSerializer,
        responses={200: LeadSerializer, **errors(404, *WRITING, "stale_version", "status_not_allowed")},
    )
    def partial_update(self, request: Request, lead_id: UUID) -> Response:
        changes, version = read_lead_changes(request.data)
        version = version_wanted(request, version)
        try:
            lead = change_lead(user_id=self.user_id, lead_id=lead_id, changes=changes, version=version)
        except (StaleVersion, StatusNotAllowed) as error:
            raise (error if self.may_read else without_details(error)) from None
        return lead_answer(lead) if self.may_read else changed_answer(lead)

    @extend_schema(
        summary="Delete a lead",
        description="Its conversation goes with its last lead, and what waits to be sent there is not sent. It can be"
        " restored until it is removed for good, 30 days later unless the site has another setting. Until then its id"
        " is 404, but for its history; `GET /api/leads?deleted=true` lists it.",
        parameters=[IF_MATCH],
        request=None,
        responses={204: None, **errors(404, *WRITING, "stale_version")},
    )
    def destroy(self, request: Request, lead_id: UUID) -> Response:
        version = version_wanted(request, None)
        try:
            delete_lead(user_id=self.user_id, lead_id=lead_id, person_id=self.user_id, version=version)
        except StaleVersion as error:
            raise (error if self.may_read else without_details(error)) from None
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Restore a deleted lead",
        description="Its conversation comes back with it; it is completed where the customer has another active one by"
        " now. A lead that is not deleted is answered as it is. 409 `external_id_taken` where another lead has its"
        " external id by now. A key without the scope `read` gets `id` and `version` only.",
        parameters=[ETAG],
        request=None,
        responses={200: LeadSerializer, **errors(404, *WRITING, "external_id_taken")},
    )
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, lead_id: UUID) -> Response:
        """POST /api/leads/<id>/restore."""
        restore_lead(user_id=self.user_id, lead_id=lead_id)
        lead = get_object_or_404(self.get_queryset(), pk=lead_id)
        return lead_answer(lead) if self.may_read else changed_answer(lead)


def _create(user_id: UUID, request: Request) -> Response:
    try:
        lead = read_new_lead(request.data)
    except APIException as error:
        log_refused_body(request, error)
        raise
    return created_answer(create_lead_once(user_id=user_id, lead=lead, source=Lead.Source.API))


def _create_batch(user_id: UUID, request: Request) -> Response:
    leads, all_or_nothing = read_batch(request.data)
    outcomes = create_batch(user_id=user_id, leads=leads, all_or_nothing=all_or_nothing)
    failed = {n: outcome for n, outcome in enumerate(outcomes) if isinstance(outcome, Refused)}
    if failed and all_or_nothing:
        raise ValidationError(
            {f"leads[{n}].{field}": texts for n, refused in failed.items() for field, texts in refused.fields.items()}
        )
    body = {
        "success": not failed,
        "created": len(outcomes) - len(failed),
        "failed": len(failed),
        "results": [_result(n, outcome) for n, outcome in enumerate(outcomes)],
    }
    return Response(body, status=status.HTTP_207_MULTI_STATUS if failed else status.HTTP_201_CREATED)


def _result(index: int, outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, CreatedLead):
        return {
            "index": index,
            "success": True,
            "lead_id": outcome.lead_id,
            "conversation_id": outcome.conversation_id,
            "conversation_created": outcome.conversation_created,
        }
    error = "; ".join(f"{field}: {' '.join(texts)}" for field, texts in outcome.fields.items())
    return {"index": index, "success": False, "error": error, "code": outcome.code, "fields": outcome.fields}


def log_refused_body(request: Request, error: APIException) -> None:
    """Log a creation that was refused before the service was called: an invalid field, or a body that is not JSON."""
    fields = error.detail if isinstance(error, ValidationError) and isinstance(error.detail, dict) else {}
    # After a body that cannot be parsed, request.data is empty.
    body = request.data if fields else {}
    phone = body.get("customer_phone") if isinstance(body, dict) else None
    log_failed_creation(
        source=Lead.Source.API,
        phone=phone if isinstance(phone, str) else None,
        error=error,
        field=", ".join(fields) or None,
    )
