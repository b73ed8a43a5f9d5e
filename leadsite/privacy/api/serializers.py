"""Customers as JSON."""

from typing import Any

from rest_framework import serializers

from conversations.models import Customer
from leadsite.rest.schema import A_TIME, AN_ID, ANOTHER_ID, example


@example(
    answered={
        "id": AN_ID,
        "name": "Amina",
        "phone": "+4915123456789",
        "whatsapp_user_id": None,
        "marketing_opted_out_at": None,
        "created_at": A_TIME,
        "updated_at": A_TIME,
    }
)
class CustomerSerializer(serializers.ModelSerializer[Customer]):
    """A person who writes to the business, in responses."""

    name = serializers.CharField(help_text="Empty where it is not known.")
    phone = serializers.CharField(allow_null=True, help_text="E.164; null where the customer hides the number.")
    whatsapp_user_id = serializers.CharField(allow_null=True)
    marketing_opted_out_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when the customer wants no marketing."
    )

    class Meta:
        model = Customer
        fields = [
            *("id", "name", "phone", "whatsapp_user_id", "marketing_opted_out_at", "created_at", "updated_at"),
        ]


@example(answered={"erasure_id": AN_ID, "status": "erasing"})
class ErasingSerializer(serializers.Serializer[Any]):
    """The customer is erased; stored deliveries, events and texts of others are still being searched."""

    erasure_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["erasing"])


@example(
    answered={
        "format": "leadsite/customer-export/1",
        "exported_at": A_TIME,
        "business": {"id": ANOTHER_ID, "email": "shop@bakery.example", "name": "Bakery"},
        "customer": {"id": AN_ID, "name": "Amina", "phone": "+4915123456789"},
        "identifiers": {"phones": ["+4915123456789"], "whatsapp_user_ids": [], "names": ["Amina"]},
        "conversations": [],
        "leads": [],
        "messages": [],
        "found_elsewhere": {},
    }
)
class ExportSerializer(serializers.Serializer[Any]):
    """All that is kept about a customer. It has more lists of rows, by what they are: notes, files, audit, …"""

    format = serializers.CharField(help_text="Of this document, with its version.")
    exported_at = serializers.DateTimeField()
    business = serializers.DictField(help_text="Who keeps it: id, e-mail, name.")
    customer = serializers.DictField(help_text="The row of the customer.")
    identifiers = serializers.DictField(help_text="By what the person was searched.")
    conversations = serializers.ListField(child=serializers.DictField())
    leads = serializers.ListField(child=serializers.DictField())
    messages = serializers.ListField(child=serializers.DictField())
    found_elsewhere = serializers.DictField(help_text="By table: what others' rows have of the person.")
