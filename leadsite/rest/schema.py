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

_REASONS: Final = {
    400: "A field is invalid, or the body cannot be parsed; `fields` names all invalid fields.",
    401: "No key, or one that is unknown, revoked or expired.",
    403: "The key lacks the required scope.",
    404: "Your business has no such row.",
    409: "It conflicts with the present state; `code` says how.",
    413: "The body is too large.",
    415: "The content type is not application/json.",
    422: "The Idempotency-Key was used for another request.",
    429: "The key has made too many requests; with Retry-After.",
    503: "The database is not available; with Retry-After. Retry with the same Idempotency-Key: it may be done.",
}


_CODES: Final = {
    400: ("invalid", "type: Must be one of order, booking, inquiry.", {"type": ["Must be one of …"]}),
    401: ("invalid_key", "This API key is not valid. Send a key as `Authorization: Bearer <key>`.", {}),
    403: ("forbidden", "This API key lacks the scope write.", {}),
    404: ("not_found", "No Lead matches the given query.", {}),
    409: ("stale_version", "The lead has been changed since: it is version 4. Read it again.", {}),
    413: ("body_too_large", "The body is larger than 524288 bytes.", {}),
    415: ("unsupported_media_type", 'Unsupported media type "text/plain" in request.', {}),
    422: ("idempotency_key_reused", "This Idempotency-Key was used for another request. Use a new one for each.", {}),
    429: ("too_many_requests", "Request was throttled. Expected available in 3 seconds.", {}),
    503: ("database_unavailable", "The database cannot be reached, or is too busy. Send the request again …", {}),
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

    success = serializers.BooleanField(default=False)
    error = serializers.CharField(help_text="A sentence for people.")
    code = serializers.CharField(help_text="A word for programs.")
    fields = serializers.DictField(  # type: ignore[assignment] # a field named fields
        child=serializers.ListField(child=serializers.CharField())
    )


def errors(*codes: int) -> dict[int, OpenApiResponse]:
    """Responses of an operation for these statuses and for those that every operation has."""
    return {code: _error(code) for code in (*codes, 401, 403, 429, 503)}


def _error(status: int) -> OpenApiResponse:
    code, sentence, fields = _CODES[status]
    value = {"success": False, "error": sentence, "code": code, "fields": fields}
    return OpenApiResponse(
        ErrorSerializer, description=_REASONS[status], examples=[OpenApiExample(code, value=value, response_only=True)]
    )


def reading(
    summary: str, answer: Any, *codes: int, parameters: Sequence[OpenApiParameter] = (), description: str | None = None
) -> Any:
    """Describe an operation that reads: the argument of extend_schema_view for `list` or `retrieve`."""
    responses = {200: answer, **errors(*codes)}
    return extend_schema(summary=summary, description=description, parameters=list(parameters), responses=responses)


WRITING: Final = (400, 409, 413, 415)
CREATING: Final = (*WRITING, 422)
IDEMPOTENCY_KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="A text that you choose, new for each operation. A repeated request gets the first response.",
)
