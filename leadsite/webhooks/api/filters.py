"""Filters of the list of an endpoint's events."""

import django_filters

from leadsite.rest.filters import ANY_OF, FROM, UNTIL, ChoicesFilter, TimeFilter
from leadsite.webhooks.models import TEST, WebhookEndpoint, WebhookEvent


class EventFilter(django_filters.FilterSet):
    state = ChoicesFilter(choices=WebhookEvent.State.choices, help_text=ANY_OF)
    type = ChoicesFilter(choices=[*WebhookEndpoint.Event.choices, (TEST, TEST)], help_text=ANY_OF)
    created_after = TimeFilter(field_name="created_at", lookup_expr="gte", help_text=FROM)
    created_before = TimeFilter(field_name="created_at", lookup_expr="lt", help_text=UNTIL)

    class Meta:
        model = WebhookEvent
        fields: list[str] = []
