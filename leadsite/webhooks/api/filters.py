"""Filters of the list of an endpoint's events."""

import django_filters

from leadsite.rest.filters import ChoicesFilter, TimeFilter
from leadsite.webhooks.models import TEST, WebhookEndpoint, WebhookEvent


class EventFilter(django_filters.FilterSet):
    state = ChoicesFilter(choices=WebhookEvent.State.choices)
    type = ChoicesFilter(choices=[*WebhookEndpoint.Event.choices, (TEST, TEST)])
    created_after = TimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = TimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = WebhookEvent
        fields: list[str] = []
