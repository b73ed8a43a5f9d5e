"""Leads as JSON."""

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from conversations.api.fields import NAME_HELP, PHONE_HELP, AssigneeField, E164Field, NameField
from conversations.api.parts import ReferralSerializer
from conversations.phone import PhoneInvalid, normalise
from leads.models import DETAILS_MAX_LENGTH, EXTERNAL_ID_MAX_LENGTH, LOST_REASON_MAX_LENGTH, Lead
from leads.services.rules import NewLead
from leadsite.rest.fields import (
    StrictCharField,
    StrictChoiceField,
    StrictDateTimeField,
    StrictIntegerField,
    StrictSerializer,
)
from leadsite.rest.schema import A_TIME, AN_ID, ANOTHER_ID, example

NEW_LEAD: Final = {
    "customer_phone": "+4915123456789",
    "customer_name": "Amina",
    "type": "order",
    "details": "A lemon cake for Saturday",
}


@extend_schema_field({"type": "string", "minLength": 1, "examples": ["+4915123456789", "0049 151 23456789"]})
class PhoneField(StrictCharField):
    """A phone number in any spelling, read as E.164."""

    def __init__(self, **options: Any) -> None:
        # normalise decides which spaces are removed.
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        try:
            return normalise(super().to_internal_value(data))
        except PhoneInvalid as error:
            raise serializers.ValidationError(str(error)) from error


@example(asked=NEW_LEAD)
class NewLeadSerializer(StrictSerializer):
    """A new lead."""

    customer_phone = PhoneField(help_text="In international form, in any spelling: see Phone numbers.")
    customer_name = NameField(help_text="Replaces the name that the customer had. It needs a visible character.")
    type = StrictChoiceField(Lead.Type.choices)
    details = StrictCharField(
        max_length=DETAILS_MAX_LENGTH,
        trim_whitespace=False,
        allow_blank=True,
        allow_null=True,
        required=False,
        help_text="What the customer wants. Null and left out mean empty.",
    )
    status = StrictChoiceField(Lead.Status.choices, required=False, help_text="Left out: `new`.")
    external_id = StrictCharField(
        max_length=EXTERNAL_ID_MAX_LENGTH,
        allow_null=True,
        required=False,
        help_text="Your own id of the lead, unique for the business. With it, a repeated request makes no second lead.",
    )


# One instance for all requests: validation stores no state in it, and a new instance would deep-copy every field, which
# costs a tenth of the CPU time of a request.
_NEW_LEAD: Final = NewLeadSerializer()


def read_new_lead(body: Any) -> NewLead:
    """Parse the body of POST /api/leads. Raises ValidationError that names every invalid field."""
    fields = _NEW_LEAD.run_validation(body)
    return NewLead(**{name: value for name, value in fields.items() if value is not None})


FOLLOW_UP_HELP: Final = "When to get in touch again, or null. The inbox shows the chat on top from then on."


@example(asked={"status": "lost", "lost_reason": "Too expensive", "version": 3})
class LeadChangeSerializer(StrictSerializer):
    """The fields to change. Fields that are left out keep their values."""

    status = StrictChoiceField(
        Lead.Status.choices, required=False, help_text="One that may follow the present one: see Status of a lead."
    )
    lost_reason = StrictCharField(
        max_length=LOST_REASON_MAX_LENGTH,
        required=False,
        allow_blank=True,
        help_text="Why it was lost. Required to set the status `lost`.",
    )
    type = StrictChoiceField(Lead.Type.choices, required=False)
    details = StrictCharField(
        max_length=DETAILS_MAX_LENGTH,
        trim_whitespace=False,
        allow_blank=True,
        allow_null=True,
        required=False,
        help_text="Null empties them.",
    )
    customer_name = NameField(required=False, help_text="The customer's name, and so in all their leads.")
    assigned_to = AssigneeField()
    follow_up_at = StrictDateTimeField(required=False, allow_null=True, help_text=FOLLOW_UP_HELP)
    version = StrictIntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The version that you read: if the lead has been changed since, the answer is 409 `stale_version`.",
    )


def read_lead_changes(body: Any) -> tuple[dict[str, Any], int | None]:
    """Parse the body of PATCH into changes for the service and the client's version. Raises ValidationError."""
    fields = _LEAD_CHANGES.run_validation(body)
    version = fields.pop("version", None)
    if "details" in fields:
        fields["details"] = fields["details"] or ""
    return fields, version


_LEAD_CHANGES: Final = LeadChangeSerializer()


@example(
    answered={
        "id": AN_ID,
        "conversation_id": ANOTHER_ID,
        "customer_id": AN_ID,
        "customer_name": NEW_LEAD["customer_name"],
        "customer_phone": NEW_LEAD["customer_phone"],
        "type": NEW_LEAD["type"],
        "details": NEW_LEAD["details"],
        "status": "new",
        "lost_reason": "",
        "source": "api",
        "external_id": None,
        "referral": None,
        "assigned_to": None,
        "follow_up_at": None,
        "version": 1,
        "created_at": A_TIME,
        "updated_at": A_TIME,
        "deleted_at": None,
    }
)
class LeadSerializer(serializers.ModelSerializer[Lead]):
    """A lead, with the customer's name and phone number."""

    customer_id = serializers.UUIDField(source="conversation.customer.id")
    customer_name = serializers.CharField(source="conversation.customer.name", help_text=NAME_HELP)
    customer_phone = E164Field(source="conversation.customer.phone", help_text=PHONE_HELP)
    referral = serializers.SerializerMethodField()

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
            "lost_reason",
            "source",
            "external_id",
            "referral",
            "assigned_to",
            "follow_up_at",
            "version",
            "created_at",
            "updated_at",
            "deleted_at",
        ]
        read_only_fields = fields

    @extend_schema_field(ReferralSerializer(allow_null=True))
    def get_referral(self, lead: Lead) -> Any:
        """As it is stored: conversations/message_parts.py."""
        return lead.referral
