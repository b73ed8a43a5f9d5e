"""OpenAPI descriptions for all resources: errors, examples, the Idempotency-Key."""

from collections.abc import Sequence
from typing import Any, Final

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers

from leadsite.rest.error_codes import CHOICES, ERROR_CODES, body_of, meanings

# The codes of a status, where an operation does not name its own.
_USUAL: Final = {
    400: ("invalid",),
    401: ("not_authenticated", "invalid_key"),
    403: ("forbidden",),
    404: ("not_found",),
    409: ("conflict",),
    413: ("body_too_large",),
    415: ("unsupported_media_type",),
    422: ("idempotency_key_reused",),
    429: ("too_many_requests",),
    503: ("database_unavailable", "too_busy"),
}
A_TIME: Final = "2026-11-24T15:11:27.000000Z"
AN_ID: Final = "01a20f00-5c1e-7d43-9a51-0c2f6f3b8f1e"
ANOTHER_ID: Final = "01a20f00-5c1f-7b02-8f6e-6e1f0a4c9d27"


def example(*, asked: Any = None, answered: Any = None) -> Any:
    """Add an example of the request, the response or both to a serializer."""
    examples = [OpenApiExample("Sent", value=asked, request_only=True)] if asked is not None else []
    examples += [OpenApiExample("Answered", value=answered, response_only=True)] if answered is not None else []
    return extend_schema_serializer(examples=examples)


class ErrorSerializer(serializers.Serializer[Any]):
    """Every error of the API."""

    success = serializers.BooleanField(help_text="Always false.")
    error = serializers.CharField(help_text="A sentence for people: what is wrong, and what to do.")
    code = serializers.ChoiceField(choices=CHOICES, help_text="A word for programs.")
    fields = serializers.DictField(  # type: ignore[assignment] # a field named fields
        child=serializers.ListField(child=serializers.CharField()),
        help_text="What is wrong with each field or query parameter, by its name; empty where no field is to blame.",
    )


def errors(*which: int | str) -> dict[int, OpenApiResponse]:
    """Responses of an operation: for codes of errors, for statuses with their usual codes, and for those that every
    operation has. (Unknown query parameters are `invalid` everywhere.)
    """
    codes: dict[int, dict[str, None]] = {}
    for one in (*which, "invalid", 401, 403, 429, 503):
        for code in _USUAL[one] if isinstance(one, int) else (one,):
            codes.setdefault(ERROR_CODES[code].status, {})[code] = None
    return {status: _error(list(codes[status])) for status in sorted(codes)}


def _error(codes: Sequence[str]) -> OpenApiResponse:
    examples = [OpenApiExample(code, value=body_of(code), response_only=True) for code in codes]
    return OpenApiResponse(ErrorSerializer, description=meanings(codes), examples=examples)


def reading(
    summary: str,
    answer: Any,
    *codes: int | str,
    parameters: Sequence[OpenApiParameter] = (),
    description: str | None = None,
) -> Any:
    """Describe an operation that reads: the argument of extend_schema_view for `list` or `retrieve`."""
    responses = {200: answer, **errors(*codes)}
    return extend_schema(summary=summary, description=description, parameters=list(parameters), responses=responses)


WRITING: Final = ("malformed", 409, 413, 415, "outcome_unknown")
CREATING: Final = (*WRITING, "request_under_way", 422)
ONLY_IDS: Final = "A key without the scope `read` gets ids only."
IDEMPOTENCY_KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$", "examples": [ANOTHER_ID]},
    OpenApiParameter.HEADER,
    description=(
        "A text of your own, new for each operation, for example a UUID: 1 to 255 printable ASCII characters without"
        " spaces. A repeated request gets the first response, byte for byte, and does nothing. See Repeating a request."
    ),
)
