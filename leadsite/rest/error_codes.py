"""All codes of errors, for OpenAPI: their status, their meaning, and an example.

tests/leadsite/rest/test_error_codes.py compares them with those that are answered.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple


class ErrorCode(NamedTuple):
    """`meaning`: when it is answered, and what to do. `error` and `fields`: of the example."""

    status: int
    meaning: str
    error: str
    fields: Mapping[str, list[str]] = {}


_SAME_KEY: Final = "Repeat the request with the same `Idempotency-Key`"
_TYPE: Final = "Must be one of order, booking, inquiry."
_FROM_CONVERTED: Final = "A lead that is converted cannot become new; it can become lost."
_STALE: Final = "The lead has been changed since: it is version 4. Read it again."
_OPTED_OUT: Final = "The customer does not want marketing messages, and this template is one. Nothing was stored."
_WINDOW_CLOSED: Final = (
    "The customer has not written to this number in the last 24 hours, so WhatsApp accepts only an approved template."
    " Nothing was stored."
)

ERROR_CODES: Final[Mapping[str, ErrorCode]] = {
    "invalid": ErrorCode(
        400,
        "A field or a query parameter is invalid, unknown, or missing. `fields` names every one of them.",
        f"type: {_TYPE}",
        {"type": [_TYPE]},
    ),
    "malformed": ErrorCode(
        400,
        "The body is not JSON in UTF-8, is nested too deeply, or names a field twice.",
        "The body is not JSON: Expecting value: line 1 column 1 (char 0).",
    ),
    "not_authenticated": ErrorCode(
        401, "There is no API key in the request.", "Authentication credentials were not provided."
    ),
    "invalid_key": ErrorCode(
        401,
        "The API key is unknown, revoked or expired, or its business is deactivated.",
        "This API key is not valid. Send a key as `Authorization: Bearer <key>`.",
    ),
    "forbidden": ErrorCode(403, "The key lacks the scope of this operation.", "This API key lacks the scope write."),
    "not_found": ErrorCode(404, "There is no such path, or your business has no such row.", "Not found."),
    "method_not_allowed": ErrorCode(
        405,
        "The path does not have this method; the header `Allow` lists those that it has.",
        'Method "PUT" not allowed.',
    ),
    "body_too_slow": ErrorCode(
        408, "The body did not arrive in time. Send it again.", "The body did not arrive in time. Send it again."
    ),
    "external_id_taken": ErrorCode(
        409,
        "Another lead has this `external_id`: one of another customer, or at a restore any. Look that lead up by it.",
        "Another lead has this external_id.",
        {"external_id": ["Another lead has this external_id."]},
    ),
    "another_active": ErrorCode(
        409,
        "The customer has another active conversation. Complete or archive that one first.",
        "This customer has another active conversation: complete that one first.",
    ),
    "status_not_allowed": ErrorCode(
        409,
        "This status may not follow the lead's present one. `fields.allowed` lists those that may.",
        _FROM_CONVERTED,
        {"status": [_FROM_CONVERTED], "allowed": ["lost"]},
    ),
    "stale_version": ErrorCode(
        409,
        "The lead has another version than the one that you sent: it has been changed since. Read it again, and repeat"
        " your change with the new version.",
        _STALE,
        {"version": [_STALE]},
    ),
    "request_under_way": ErrorCode(
        409,
        "A request with the same `Idempotency-Key` is being processed. Repeat it after `Retry-After` seconds.",
        "The same request is being processed. Send it again in a while.",
    ),
    "opted_out": ErrorCode(
        409,
        "A marketing template to a customer who does not want marketing. Nothing was stored.",
        _OPTED_OUT,
        {"template": [_OPTED_OUT]},
    ),
    "window_closed": ErrorCode(
        409,
        "Text to a customer who has not written to your number in the last 24 hours, on a site that refuses that. Send"
        " a template. Nothing was stored.",
        _WINDOW_CLOSED,
        {"message": [_WINDOW_CLOSED]},
    ),
    "too_many_endpoints": ErrorCode(
        409,
        "The business has as many webhook endpoints as it may have. Delete one first.",
        "A business has at most 20 endpoints. Delete one first.",
    ),
    "endpoint_off": ErrorCode(
        409,
        "The webhook endpoint is not active. Change it with `active: true` first.",
        "The endpoint is switched off. Switch it on first.",
    ),
    "event_pending": ErrorCode(
        409,
        "The event is pending, and will be posted without being asked for.",
        "This event is pending: it will be posted anyway.",
    ),
    "cannot_keep_secrets": ErrorCode(
        409,
        "The site has no key to encrypt secrets with. Its operator sets `FIELD_ENCRYPTION_KEYS`.",
        "This site cannot store secrets: its operator has to set FIELD_ENCRYPTION_KEYS.",
    ),
    "conflict": ErrorCode(
        409,
        "The database refused it because of what is stored. Read that again, and send what has changed.",
        "This conflicts with what is stored. Read it again, and send what has changed.",
    ),
    "gone": ErrorCode(
        410,
        "A path of the previous system; the sentence names the one to use instead.",
        "This path is gone. Create a lead with its conversation by POST /api/leads.",
    ),
    "body_too_large": ErrorCode(
        413, "The body is larger than allowed: see Limits.", "The body is larger than 524288 bytes."
    ),
    "unsupported_media_type": ErrorCode(
        415, "The header `Content-Type` is not `application/json`.", 'Unsupported media type "text/plain" in request.'
    ),
    "idempotency_key_reused": ErrorCode(
        422,
        "The `Idempotency-Key` was used for another request: another path, or another body. Use a new one.",
        "This Idempotency-Key was used for another request. Use a new one for each.",
    ),
    "too_many_requests": ErrorCode(
        429,
        "The key has made too many requests in a minute, or too many wrong keys came from your address. Repeat the"
        " request after `Retry-After` seconds: it was not processed.",
        "Request was throttled. Expected available in 3 seconds.",
    ),
    "server_error": ErrorCode(
        500,
        f"A fault of the site, which has been logged. {_SAME_KEY}; report the `X-Request-ID` if it stays.",
        "Internal server error. It has been logged.",
    ),
    "database_unavailable": ErrorCode(
        503,
        f"The database cannot be reached, or is too busy. {_SAME_KEY} after `Retry-After` seconds.",
        "The database cannot be reached, or is too busy. Send the request again in a few seconds.",
    ),
    "too_busy": ErrorCode(
        503,
        "The site has too many requests at once; this one was not processed. Repeat it after `Retry-After` seconds.",
        "Too many requests at once. Send it again in a few seconds.",
    ),
    "outcome_unknown": ErrorCode(
        503,
        f"The database did not confirm in time: the request may have been stored or not. {_SAME_KEY}, or look first.",
        "The database did not confirm in time, so the request may have been stored or not. Look before you repeat it,"
        " or repeat it with the same Idempotency-Key.",
    ),
}

CHOICES: Final = list(ERROR_CODES)


def body_of(code: str) -> dict[str, Any]:
    """The body of an answer with this code, as an example."""
    example = ERROR_CODES[code]
    return {"success": False, "error": example.error, "code": code, "fields": dict(example.fields)}


def meanings(codes: Iterable[str]) -> str:
    """A Markdown list of codes with their meanings."""
    return "\n".join(f"* `{code}`: {ERROR_CODES[code].meaning}" for code in codes)
