"""What the descriptions (OpenAPI) of the leads' endpoints say beyond their serializers."""

from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from leads.serializers import NewLeadSerializer

ORDERING: Final = OpenApiParameter("ordering", str, enum=["-created_at", "created_at"], default="-created_at")
IF_MATCH: Final = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The lead's ETag: change this version and no other."
)


class CreatedLeadSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField(default=True)
    lead_id = serializers.UUIDField()
    conversation_id = serializers.UUIDField()
    conversation_created = serializers.BooleanField()
    open_leads = serializers.ListField(
        child=serializers.UUIDField(), help_text="The customer's other leads that nobody has closed."
    )


class BatchSerializer(serializers.Serializer[Any]):
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
    fields = serializers.DictField(  # type: ignore[assignment] # the envelope's own word
        child=serializers.ListField(child=serializers.CharField()), required=False
    )


class BatchAnswerSerializer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    created = serializers.IntegerField()
    failed = serializers.IntegerField()
    results = BatchResultSerializer(many=True)
