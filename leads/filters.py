"""What the list of leads can be narrowed to. A value that cannot be meant is 400, with its parameter named."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from conversations.identity import PhoneInvalid, normalise, phone_key
from conversations.models import Customer
from conversations.search import sought_numbers
from leads.models import Lead


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
    created_after = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")
    q = django_filters.CharFilter(method="search", max_length=200)

    class Meta:
        model = Lead
        fields: list[str] = []

    def search(self, leads: QuerySet[Lead], name: str, text: str) -> QuerySet[Lead]:
        """Words of the wish, the customer's name, or their number in any spelling."""
        customer = Q(name__icontains=text)
        for number in sought_numbers(text):
            customer |= Q(phone__contains=number) | Q(phone_key__contains=number)
        customers = Customer.objects.filter(customer, user=self.request.user)
        return leads.filter(Q(details__icontains=text) | Q(conversation__customer__in=customers))
