"""Filters of the list of leads. An invalid value is answered with 400, which names the parameter."""

from typing import Any, Final

import django_filters
from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

from conversations.api.filters import PHONE_FILTER_HELP, PhoneFilter
from conversations.search.pages import FoundPages
from conversations.search.queries import TERM_MAX_LENGTH, TooManyWords
from leads.models import Lead
from leads.search import search_leads
from leadsite.rest.fields import StrictCharField
from leadsite.rest.filters import ANY_OF, ASSIGNEE, FROM, UNTIL, AssigneeFilter, ChoicesFilter, TimeFilter

_TERM: Final = StrictCharField(max_length=TERM_MAX_LENGTH, allow_blank=True)


class DeletedFilter(django_filters.ChoiceFilter):
    """`true` or `false`. The view reads deleted leads or the others: LeadViewSet.get_queryset."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[("true", "true"), ("false", "false")], **options)

    def filter(self, queryset: QuerySet[Lead], value: str) -> QuerySet[Lead]:
        return queryset


class LeadFilter(django_filters.FilterSet):
    status = ChoicesFilter(choices=Lead.Status.choices, help_text=ANY_OF)
    type = ChoicesFilter(choices=Lead.Type.choices, help_text=ANY_OF)
    source = ChoicesFilter(choices=Lead.Source.choices, help_text=ANY_OF)
    customer_phone = PhoneFilter(field_name="conversation__customer__phone_key", help_text=PHONE_FILTER_HELP)
    conversation = django_filters.UUIDFilter(field_name="conversation_id", help_text="The id of a conversation.")
    external_id = django_filters.CharFilter(help_text="Exactly this one.")
    assigned_to = AssigneeFilter(help_text=ASSIGNEE)
    created_after = TimeFilter(field_name="created_at", lookup_expr="gte", help_text=FROM)
    created_before = TimeFilter(field_name="created_at", lookup_expr="lt", help_text=UNTIL)
    updated_after = TimeFilter(field_name="updated_at", lookup_expr="gte", help_text=FROM)
    updated_before = TimeFilter(field_name="updated_at", lookup_expr="lt", help_text=UNTIL)
    deleted = DeletedFilter(help_text="`true`: the deleted ones, and no others.")

    class Meta:
        model = Lead
        fields: list[str] = []


class LeadSearch(BaseFilterBackend):
    """`q`: what conversations/search/queries.py finds."""

    parameter = "q"
    description = (
        "Words of the details or of the customer's name, in any order and anywhere in a word; a word of one or two"
        " letters is found at the beginning of a word. Case and accents do not matter. Or (a part of) a phone number in"
        " any spelling, three digits at least; or a whole `external_id` or WhatsApp user id. At most 20 words."
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
