"""Leads as JSON."""

from typing import Any, Final

from rest_framework import serializers

from conversations.identity import PhoneInvalid, normalise
from conversations.models import NAME_MAX_LENGTH
from leads.models import DETAILS_MAX_LENGTH, EXTERNAL_ID_MAX_LENGTH, Lead
from leads.services import NewLead


class StrictCharField(serializers.CharField):
    """Text that came as a JSON string: DRF would also take 5 and 1.5 for text."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WordField(serializers.ChoiceField):
    """One of a few words; the refusal lists them, as the SQL functions do, and does not quote what was sent."""

    def __init__(self, choices: list[tuple[str, str]], **options: Any) -> None:
        words = ", ".join(value for value, _ in choices)
        super().__init__(choices, error_messages={"invalid_choice": f"Must be one of {words}."}, **options)


class PhoneField(StrictCharField):
    def __init__(self, **options: Any) -> None:
        # The rule for spaces is normalise's, not DRF's.
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        try:
            return normalise(super().to_internal_value(data))
        except PhoneInvalid as error:
            raise serializers.ValidationError(str(error)) from error


class NewLeadSerializer(serializers.Serializer[NewLead]):
    """The body of POST /api/leads. It names every bad field at once; the rules are those of the database."""

    customer_phone = PhoneField()
    customer_name = StrictCharField(max_length=NAME_MAX_LENGTH)
    type = WordField(Lead.Type.choices)
    details = StrictCharField(
        max_length=DETAILS_MAX_LENGTH, trim_whitespace=False, allow_blank=True, allow_null=True, required=False
    )
    status = WordField(Lead.Status.choices, required=False)
    external_id = StrictCharField(max_length=EXTERNAL_ID_MAX_LENGTH, allow_null=True, required=False)


# One instance for all requests: validation keeps nothing in it, while a new one copies each field deeply, a tenth of
# the work of a request.
_NEW_LEAD: Final = NewLeadSerializer()


def read_new_lead(body: Any) -> NewLead:
    """The parsed body of POST /api/leads for the service. Raises ValidationError that names every bad field."""
    fields = _NEW_LEAD.run_validation(body)
    return NewLead(**{name: value for name, value in fields.items() if value is not None})


class LeadSerializer(serializers.ModelSerializer[Lead]):
    """A lead as it is read: flat, with what a person needs to see of the customer."""

    customer_id = serializers.UUIDField(source="conversation.customer.id")
    customer_name = serializers.CharField(source="conversation.customer.name")
    customer_phone = serializers.CharField(source="conversation.customer.phone")

    class Meta:
        model = Lead
        fields = [
            "id",
            "conversation_id",
            "customer_id",
            "customer_name",
            "customer_phone",
            "type",
            "details",
            "status",
            "source",
            "external_id",
            "assigned_to",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields
