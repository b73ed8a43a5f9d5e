"""OpenAPI descriptions of the leads resource: parameters and responses."""

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from leads.api.batch import BATCH_LIMIT
from leads.api.serializers import NEW_LEAD, NewLeadSerializer
from leadsite.rest.error_codes import CHOICES
from leadsite.rest.fields import StrictSerializer
from leadsite.rest.schema import AN_ID, ANOTHER_ID, example

IF_MATCH: Final = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description=(
        'The lead\'s ETag, with its quotes: `"3"`. If the lead has another version by now, the answer is 409'
        " `stale_version`. The field `version` of a PATCH does the same. `*` is any version."
    ),
)
ETAG: Final = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    response=[200],
    required=True,
    description='The lead\'s version in quotes, for `If-Match`: `"3"`.',
)
CREATE: Final = (
    "The customer is found by the phone number, or created. The lead joins the customer's active conversation, or opens"
    " one: `conversation_created` says which. Customer, conversation and lead are stored together or not at all.\n\n"
    "`customer_name` replaces the name that the customer had. With an `external_id` a repeated request creates no"
    " second lead, also without an `Idempotency-Key`, until that lead is deleted: it is 200 with the ids of the one"
    " that is there, which stays as it is."
)
CREATE_MANY: Final = (
    "Each lead is as in `POST /api/leads`. By default one invalid lead refuses all: 400, and `fields` names each error"
    " as `leads[3].type`, counted from 0; so does 409 `external_id_taken`. With `all_or_nothing: false` the valid ones"
    " are created: 207 if some were refused, 201 if none was; `results` has one entry for each lead, in order.\n\n"
    "A lead that is there already, by `external_id` and customer, counts as created, with its present ids. So does one"
    " that is in the list twice."
)
CHANGE: Final = (
    "Fields that you leave out keep their values. The answer is the lead as it is now; a key without the scope `read`"
    " gets `id` and `version` only.\n\n"
    "Which status may follow which: see Status of a lead. To become `lost` a lead needs a `lost_reason`. To not"
    " overwrite a change of somebody else, send the version that you read, as `If-Match` or as `version`. A new"
    " `customer_name` is a change of this lead, too; the customer's other leads keep their versions."
)


_ANSWER: Final[dict[str, Any]] = {
    "success": True,
    "lead_id": AN_ID,
    "conversation_id": ANOTHER_ID,
    "conversation_created": True,
    "open_leads": [],
}


@example(answered=_ANSWER)
class CreatedLeadSerializer(serializers.Serializer[Any]):
    """The ids of a lead and its conversation."""

    success = serializers.BooleanField(default=True)
    lead_id = serializers.UUIDField()
    conversation_id = serializers.UUIDField()
    conversation_created = serializers.BooleanField(
        help_text="True: the customer had no active conversation. Of a lead that was there already: false."
    )
    open_leads = serializers.ListField(
        child=serializers.UUIDField(),
        allow_null=True,
        help_text=(
            "The customer's other open leads (new, contacted or qualified): the new one may be the same request again."
            " Null for a key without the scope `read`."
        ),
    )


CREATED: Final = OpenApiResponse(CreatedLeadSerializer, description="The lead was created.")
EXISTED: Final = OpenApiResponse(
    CreatedLeadSerializer,
    description="Nothing was created: a lead of this customer has this `external_id` already.",
    examples=[OpenApiExample("existing", value=_ANSWER | {"conversation_created": False}, response_only=True)],
)


@example(asked={"leads": [NEW_LEAD, NEW_LEAD | {"customer_phone": "+4915198765432"}], "all_or_nothing": False})
class BatchSerializer(StrictSerializer):
    """Leads to create."""

    leads: Any = serializers.ListSerializer(
        child=NewLeadSerializer(), min_length=1, max_length=BATCH_LIMIT, help_text=f"1 to {BATCH_LIMIT} leads."
    )
    all_or_nothing = serializers.BooleanField(
        default=True, help_text="False: create the valid leads, also if others are invalid."
    )


class BatchResultSerializer(serializers.Serializer[Any]):
    """What became of one lead: ids where `success` is true; `error`, `code` and `fields` where it is false."""

    index = serializers.IntegerField(help_text="The lead's place in the request, from 0.")
    success = serializers.BooleanField()
    lead_id = serializers.UUIDField(required=False)
    conversation_id = serializers.UUIDField(required=False)
    conversation_created = serializers.BooleanField(required=False)
    error = serializers.CharField(required=False)
    code = serializers.ChoiceField(choices=CHOICES, required=False)
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
    """What became of the leads of a batch."""

    success = serializers.BooleanField(help_text="Whether all leads are stored.")
    created = serializers.IntegerField(help_text="How many are stored, with those that were there already.")
    failed = serializers.IntegerField(help_text="How many were refused.")
    results = BatchResultSerializer(many=True)


ALL_CREATED: Final = OpenApiResponse(BatchAnswerSerializer, description="All leads are stored.")
SOME_CREATED: Final = OpenApiResponse(
    BatchAnswerSerializer, description="With `all_or_nothing: false`: some leads were refused, the others are stored."
)
