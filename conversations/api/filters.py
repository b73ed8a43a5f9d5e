"""Filters of the list of conversations, and the filter by phone number for other lists."""

import re
from typing import Any

import django_filters
from django import forms

from conversations.models import Conversation
from conversations.phone import PhoneInvalid, normalise, phone_key
from leadsite.rest.filters import PLUS_IN_A_URL, AssigneeFilter, ChoicesFilter


class PhoneFilterField(forms.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"strip": False})

    def clean(self, value: Any) -> str:
        # A plus sign that was not written %2B arrives as a space.
        text = re.sub(r"^ (?=[1-9])", "+", super().clean(value))
        try:
            return phone_key(normalise(text)) if text else ""
        except PhoneInvalid as error:
            raise forms.ValidationError(f"{error} {PLUS_IN_A_URL}") from error


class PhoneFilter(django_filters.CharFilter):
    """A phone number in any spelling; the field is a phone key."""

    field_class = PhoneFilterField


class ConversationFilter(django_filters.FilterSet):
    status = ChoicesFilter(choices=Conversation.Status.choices)
    customer = django_filters.UUIDFilter(field_name="customer_id")
    customer_phone = PhoneFilter(field_name="customer__phone_key")
    assigned_to = AssigneeFilter(help_text="The id of a user, or `none`.")
    # A choice, because BooleanFilter ignores other values.
    waiting = django_filters.TypedChoiceFilter(
        field_name="waiting_since",
        lookup_expr="isnull",
        exclude=True,
        choices=[("true", "true"), ("false", "false")],
        coerce=lambda value: value == "true",
        help_text="true: the customer wrote last, and nobody has answered.",
    )

    class Meta:
        model = Conversation
        fields: list[str] = []
