"""Filters of the list of leads. An invalid value is answered with 400, which names the parameter."""

from typing import Any, Final

import django_filters
from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

from conversations.api.filters import PhoneFilter
from conversations.search.pages import FoundPages
from conversations.search.queries import TERM_MAX_LENGTH, TooManyWords
from leads.models import Lead
from leads.search import search_leads
from leadsite.rest.fields import StrictCharField
from leadsite.rest.filters import AssigneeFilter, ChoicesFilter, TimeFilter

_TERM: Final = StrictCharField(max_length=TERM_MAX_LENGTH, allow_blank=True)


class LeadFilter(django_filters.FilterSet):
    status = ChoicesFilter(choices=Lead.Status.choices)
    type = ChoicesFilter(choices=Lead.Type.choices)
    source = ChoicesFilter(choices=Lead.Source.choices)
    customer_phone = PhoneFilter(field_name="conversation__customer__phone_key")
    conversation = django_filters.UUIDFilter(field_name="conversation_id")
    external_id = django_filters.CharFilter()
    assigned_to = AssigneeFilter(help_text="The id of a user, or `none`.")
    created_after = TimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = TimeFilter(field_name="created_at", lookup_expr="lt")
    updated_after = TimeFilter(field_name="updated_at", lookup_expr="gte")
    updated_before = TimeFilter(field_name="updated_at", lookup_expr="lt")

    class Meta:
        model = Lead
        fields: list[str] = []


class LeadSearch(BaseFilterBackend):
    """`q`: what conversations/search/queries.py finds."""

    parameter = "q"
    description = (
        "Words of the details or of the customer's name, in any order, or (a part of) a phone number in any spelling."
    )

    def filter_queryset(  # type: ignore[override] # only the paginator reads it
        self, request: Request, queryset: QuerySet[Lead], view: APIView
    ) -> QuerySet[Lead] | FoundPages[Lead]:
        """Raises ValidationError."""
        try:
            term = _TERM.run_validation(request.query_params.get(self.parameter, ""))
        except ValidationError as error:
            raise ValidationError({self.parameter: error.detail}) from error
        if not term:
            return queryset
        try:
            return search_leads(queryset, term)
        except TooManyWords as error:
            raise ValidationError({self.parameter: [str(error)]}) from error

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        schema = {"type": "string", "maxLength": TERM_MAX_LENGTH}
        return [
            {
                "name": self.parameter,
                "in": "query",
                "description": self.description,
                "required": False,
                "schema": schema,
            }
        ]
