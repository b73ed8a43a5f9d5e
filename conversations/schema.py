"""What the endpoints' descriptions (OpenAPI) have in common: errors, the Idempotency-Key, and answers."""

from collections.abc import Sequence
from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers

_REASONS: Final = {
    400: "A field breaks a rule, or the body cannot be read; `fields` names all such fields.",
    401: "No key, or one that is unknown, revoked or expired.",
    403: "The key lacks the scope that this takes.",
    404: "There is no such row of yours.",
    409: "It conflicts with what is there; `code` says how.",
    413: "The body is too large.",
    415: "The content type is not application/json.",
    422: "The Idempotency-Key was used for another request.",
    503: "The database is away; with Retry-After. Whether it was done is open: repeat with the same Idempotency-Key.",
}


class ErrorSerializer(serializers.Serializer[Any]):
    """Every error of the API."""

    success = serializers.BooleanField(default=False)
    error = serializers.CharField(help_text="A sentence for people.")
    code = serializers.CharField(help_text="A word for programs.")
    fields = serializers.DictField(  # type: ignore[assignment] # the envelope's own word
        child=serializers.ListField(child=serializers.CharField())
    )


def errors(*codes: int) -> dict[int, OpenApiResponse]:
    """The errors that an endpoint may answer with, those of all endpoints among them."""
    return {code: OpenApiResponse(ErrorSerializer, description=_REASONS[code]) for code in (*codes, 401, 403, 503)}


def reading(summary: str, answer: Any, *codes: int, parameters: Sequence[OpenApiParameter] = ()) -> Any:
    """Describe the GET of a view."""
    responses = {200: answer, **errors(*codes)}
    return extend_schema_view(get=extend_schema(summary=summary, parameters=list(parameters), responses=responses))


WRITING: Final = (400, 409, 413, 415)
CREATING: Final = (*WRITING, 422)
IDEMPOTENCY_KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="A text of your own, new for each thing that you want done: a repeated request gets the first answer.",
)


class QueuedSerializer(serializers.Serializer[Any]):
    """A message that was stored and will be sent."""

    success = serializers.BooleanField(default=True)
    message_id = serializers.UUIDField()
    conversation_id = serializers.UUIDField()
    lead_id = serializers.UUIDField(allow_null=True)
    status = serializers.ChoiceField(choices=["queued"])
    window = serializers.ChoiceField(choices=["open", "closed"])
