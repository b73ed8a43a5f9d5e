"""Filters of the list of conversations."""

from typing import Any

import django_filters
from django import forms

from conversations.models import Conversation
from conversations.phone import PhoneInvalid, normalise, phone_key


class PhoneFilterField(forms.CharField):
    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            return phone_key(normalise(text)) if text else ""
        except PhoneInvalid as error:
            raise forms.ValidationError(str(error)) from error


class PhoneFilter(django_filters.CharFilter):
    field_class = PhoneFilterField


class ConversationFilter(django_filters.FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=Conversation.Status.choices)
    customer_phone = PhoneFilter(field_name="customer__phone_key")
    customer = django_filters.UUIDFilter(field_name="customer_id")

    class Meta:
        model = Conversation
        fields: list[str] = []
