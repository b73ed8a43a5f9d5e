"""What the list of leads can be narrowed to. A value that cannot be meant is 400, with its parameter named."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import django_filters
from django import forms
from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

from conversations.fields import StrictCharField
from conversations.identity import PhoneInvalid, normalise, phone_key
from conversations.search import EitherOf, customers_like
from leads.models import Lead

TERM_MAX_LENGTH: Final = 200
_TERM: Final = StrictCharField(max_length=TERM_MAX_LENGTH, allow_blank=True)
# An id is made while its row's transaction runs, which has the time of its beginning: a long import, a clock put right.
_SLACK: Final = timedelta(days=1)


class PhoneFilterField(forms.CharField):
    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            return phone_key(normalise(text)) if text else ""
        except PhoneInvalid as error:
            raise forms.ValidationError(str(error)) from error


class PhoneFilter(django_filters.CharFilter):
    field_class = PhoneFilterField


class LeadFilter(django_filters.FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=Lead.Status.choices)
    type = django_filters.MultipleChoiceFilter(choices=Lead.Type.choices)
    source = django_filters.MultipleChoiceFilter(choices=Lead.Source.choices)
    customer_phone = PhoneFilter(field_name="conversation__customer__phone_key")
    conversation = django_filters.UUIDFilter(field_name="conversation_id")
    created_after = django_filters.IsoDateTimeFilter(method="since")
    created_before = django_filters.IsoDateTimeFilter(method="until")

    class Meta:
        model = Lead
        fields: list[str] = []

    def since(self, leads: QuerySet[Lead], name: str, moment: datetime) -> QuerySet[Lead]:
        return leads.filter(created_at__gte=moment, pk__gte=_first_id(moment, -_SLACK))

    def until(self, leads: QuerySet[Lead], name: str, moment: datetime) -> QuerySet[Lead]:
        return leads.filter(created_at__lt=moment, pk__lt=_first_id(moment, _SLACK))


def _first_id(moment: datetime, slack: timedelta) -> UUID:
    """The least id that can be made then: 48 bits of Unix milliseconds come first (RFC 9562, section 5.7)."""
    milliseconds = round((moment + slack).timestamp() * 1000)
    return UUID(int=min(max(milliseconds, 0), 2**48 - 1) << 80)


class LeadSearch(BaseFilterBackend):
    """`q`: words of the wish, the customer's name, or their number in any spelling."""

    parameter = "q"
    description = "Words of the wish or of the customer's name, or a phone number or a part of one in any spelling."

    def filter_queryset(  # type: ignore[override] # pages are read from it, and nothing else
        self, request: Request, queryset: QuerySet[Lead], view: APIView
    ) -> QuerySet[Lead] | EitherOf[Lead]:
        """Raises ValidationError."""
        try:
            term = _TERM.run_validation(request.query_params.get(self.parameter, ""))
        except ValidationError as error:
            raise ValidationError({self.parameter: error.detail}) from error
        if not term:
            return queryset
        by_customer = queryset.filter(customers_like(term, "conversation__customer__"))
        return EitherOf(queryset, [queryset.filter(details__icontains=term), by_customer])

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
