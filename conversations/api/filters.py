"""Filters of the list of conversations, and the filter by phone number for other lists."""

import re
from typing import Any, Final
from uuid import UUID

import django_filters
from django import forms
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.models import Conversation
from conversations.phone import PhoneInvalid, normalise, phone_key
from conversations.services.labels import UnknownLabel, find_labels
from leadsite.rest.filters import ANY_OF, ASSIGNEE, PLUS_IN_A_URL, AssigneeFilter, ChoicesFilter

PHONE_FILTER_HELP: Final = "In international form, in any spelling. A plus sign is written `%2B` in a URL."


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


@extend_schema_field(
    {
        "type": "string",
        "enum": ["true", "false"],
        "description": "`true`: those whose customer wrote last, and nobody has answered.",
    }
)
class WaitingFilter(django_filters.TypedChoiceFilter):
    """A choice, because BooleanFilter ignores other values than true and false."""


class LabelFilter(django_filters.CharFilter):
    """A label of the business, by name or id."""

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return qs
        user_id: UUID = self.parent.request.user.pk
        try:
            ids = find_labels(user_id=user_id, given=[value])
        except UnknownLabel as error:
            raise serializers.ValidationError({"label": [str(error)]}) from error
        # The second is the condition of the index.
        return qs.filter(label_ids__contains=ids).exclude(label_ids=[])


class ConversationFilter(django_filters.FilterSet):
    status = ChoicesFilter(choices=Conversation.Status.choices, help_text=ANY_OF)
    customer = django_filters.UUIDFilter(field_name="customer_id", help_text="The id of a customer.")
    customer_phone = PhoneFilter(field_name="customer__phone_key", help_text=PHONE_FILTER_HELP)
    assigned_to = AssigneeFilter(help_text=ASSIGNEE)
    label = LabelFilter(help_text="The name of a label, in any case, or its id (`GET /api/labels`).")
    waiting = WaitingFilter(
        field_name="waiting_since",
        lookup_expr="isnull",
        exclude=True,
        choices=[("true", "true"), ("false", "false")],
        coerce=lambda value: value == "true",
    )

    class Meta:
        model = Conversation
        fields: list[str] = []
