"""OpenAPI descriptions of the leads resource: parameters and responses."""

from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from leads.api.serializers import NEW_LEAD, NewLeadSerializer
from leadsite.rest.fields import StrictSerializer
from leadsite.rest.schema import AN_ID, ANOTHER_ID, example

IF_MATCH: Final = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The lead's ETag: the change is refused if the lead has another version.",
)


@example(
    answered={
        "success": True,
        "lead_id": AN_ID,
        "conversation_id": ANOTHER_ID,
        "conversation_created": True,
        "open_leads": [],
    }
)
class CreatedLeadSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField(default=True)
    lead_id = serializers.UUIDField()
    conversation_id = serializers.UUIDField()
    conversation_created = serializers.BooleanField()
    open_leads = serializers.ListField(
        child=serializers.UUIDField(),
        allow_null=True,
        help_text="The customer's other open leads; null for a key without the scope `read`.",
    )


@example(asked={"leads": [NEW_LEAD, NEW_LEAD | {"customer_phone": "+4915198765432"}], "all_or_nothing": False})
class BatchSerializer(StrictSerializer):
    leads = NewLeadSerializer(many=True)
    all_or_nothing = serializers.BooleanField(default=True)


class BatchResultSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    success = serializers.BooleanField()
    lead_id = serializers.UUIDField(required=False)
    conversation_id = serializers.UUIDField(required=False)
    conversation_created = serializers.BooleanField(required=False)
    error = serializers.CharField(required=False)
    code = serializers.CharField(required=False)
    fields = serializers.DictField(  # type: ignore[assignment] # a field named fields
        child=serializers.ListField(child=serializers.CharField()), required=False
    )


@example(
    answered={
        "success": False,
        "created": 1,
        "failed": 1,
        "results": [
            {
                "index": 0,
                "success": True,
                "lead_id": AN_ID,
                "conversation_id": ANOTHER_ID,
                "conversation_created": True,
            },
            {
                "index": 1,
                "success": False,
                "error": "type: Must be one of order, booking, inquiry.",
                "code": "invalid",
                "fields": {"type": ["Must be one of order, booking, inquiry."]},
            },
        ],
    }
)
class BatchAnswerSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    created = serializers.IntegerField()
    failed = serializers.IntegerField()
    results = BatchResultSerializer(many=True)
