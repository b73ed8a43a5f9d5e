"""Filters of the list of customers."""

import django_filters

from conversations.api.filters import PhoneFilter
from conversations.models import Customer


class CustomerFilter(django_filters.FilterSet):
    phone = PhoneFilter(field_name="phone_key", help_text="A phone number in any spelling with its country code.")
    whatsapp_user_id = django_filters.CharFilter(help_text="Exactly as WhatsApp has it.")

    class Meta:
        model = Customer
        fields: list[str] = []
