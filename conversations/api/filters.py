"""Filters of the list of conversations."""

import django_filters

from conversations.models import Conversation


class ConversationFilter(django_filters.FilterSet):
    status = django_filters.MultipleChoiceFilter(choices=Conversation.Status.choices)
    customer = django_filters.UUIDFilter(field_name="customer_id")

    class Meta:
        model = Conversation
        fields: list[str] = []
