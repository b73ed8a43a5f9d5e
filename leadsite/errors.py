"""The HTTP status and code of each domain exception, and the body of all error responses:

{"success": false, "error": "<message>", "code": "<code>", "fields": {"<field>": ["…"]}}
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import structlog
from django.core.exceptions import DisallowedHost, PermissionDenied, RequestDataTooBig
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from conversations.services.change import AnotherActive, ConversationRefused, UnknownConversation, ValueRefused
from conversations.services.labels import UnknownLabel
from leads.api.gone import PathGone
from leads.services.change import StaleVersion, UnknownLead
from leads.services.refusals import ExternalIdTaken, LeadRefused, UnknownBusiness
from leads.services.status_order import StatusNotAllowed
from leadsite.adminkit.error_pages import CSRF, error_page
from leadsite.core import failures
from leadsite.core.logs.requests import user_id_of
from leadsite.core.logs.security import log_security_event
from leadsite.core.postgresql.base import CommitUnknown
from leadsite.core.sqlstates import Meaning, meaning
from leadsite.rest.idempotency import KeyReused, RequestInProgress
from leadsite.rest.parsing import BodyTooLarge
from leadsite.webhooks.services import (
    CannotKeepSecrets,
    EndpointOff,
    EventPending,
    HeadersRefused,
    TooManyEndpoints,
    UnknownEndpoint,
    WebhookRefused,
)
from whatsapp.outbound.refusals import MessageRefused, OptedOut, WindowClosed

log = structlog.get_logger(__name__)

# Exception -> status and code. The first matching entry applies.
ERRORS: Final[tuple[tuple[type[Exception], int, str], ...]] = (
    (ExternalIdTaken, 409, "external_id_taken"),
    (UnknownBusiness, 404, "not_found"),
    (UnknownLead, 404, "not_found"),
    (StaleVersion, 409, "stale_version"),
    (StatusNotAllowed, 409, "status_not_allowed"),
    (LeadRefused, 400, "invalid"),
    (RequestInProgress, 409, "request_under_way"),
    (KeyReused, 422, "idempotency_key_reused"),
    (WindowClosed, 409, "window_closed"),
    (OptedOut, 409, "opted_out"),
    (UnknownConversation, 404, "not_found"),
    (ValueRefused, 400, "invalid"),
    (UnknownLabel, 400, "invalid"),
    (AnotherActive, 409, "another_active"),
    (MessageRefused, 400, "invalid"),
    (UnknownEndpoint, 404, "not_found"),
    (TooManyEndpoints, 409, "too_many_endpoints"),
    (EventPending, 409, "event_pending"),
    (HeadersRefused, 400, "invalid"),
    (EndpointOff, 409, "endpoint_off"),
    (CannotKeepSecrets, 409, "cannot_keep_secrets"),
    (exceptions.ValidationError, 400, "invalid"),
    (exceptions.ParseError, 400, "malformed"),
    (exceptions.NotAuthenticated, 401, "not_authenticated"),
    (exceptions.AuthenticationFailed, 401, "invalid_key"),
    (exceptions.PermissionDenied, 403, "forbidden"),
    (PermissionDenied, 403, "forbidden"),
    (exceptions.NotFound, 404, "not_found"),
    (Http404, 404, "not_found"),
    (exceptions.MethodNotAllowed, 405, "method_not_allowed"),
    (PathGone, 410, "gone"),
    (BodyTooLarge, 413, "body_too_large"),
    (RequestDataTooBig, 413, "body_too_large"),
    (exceptions.UnsupportedMediaType, 415, "unsupported_media_type"),
    (exceptions.Throttled, 429, "too_many_requests"),
    (CommitUnknown, 503, "outcome_unknown"),
)
# The database's errors that no service has translated. A FAULT becomes a 500.
_DATABASE: Final = {Meaning.UNAVAILABLE: (503, "database_unavailable"), Meaning.REFUSED: (409, "conflict")}
_DATABASE_SENTENCES: Final = {
    "database_unavailable": (
        "The database cannot be reached, or is too busy. Send the request again in a few seconds."
    ),
    "outcome_unknown": (
        "The database did not confirm in time, so the request may have been stored or not. Look before you repeat it,"
        " or repeat it with the same Idempotency-Key."
    ),
    "conflict": "This conflicts with what is stored. Read it again, and send what has changed.",
}
RETRY_AFTER_SECONDS: Final = 5


def envelope(error: str, code: str, fields: dict[str, list[str]] | None = None) -> dict[str, Any]:
    problems = {sendable(field): [sendable(text) for text in texts] for field, texts in (fields or {}).items()}
    return {"success": False, "error": sendable(error), "code": code, "fields": problems}


def sendable(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot encode, by question marks: a message may quote the client's input."""
    return text.encode(errors="replace").decode()


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]
    headers: dict[str, str]


def answer_for(error: Exception) -> Answer | None:
    """Return the response to an exception in ERRORS, None for any other (which becomes a 500)."""
    entry = next(((status, code) for kind, status, code in ERRORS if isinstance(error, kind)), None)
    if entry is None and (found := meaning(error)) is not None:
        entry = _DATABASE.get(found)
    if entry is None:
        return None
    status, code = entry
    headers = {}
    if code in _DATABASE_SENTENCES:
        log.error(code, error=_first_line(error))
    if status == 503 or isinstance(error, RequestInProgress):
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    elif status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    elif isinstance(error, exceptions.Throttled):
        headers["Retry-After"] = str(int(getattr(error, "wait", None) or 0) + 1)
    fields = _fields(error)
    return Answer(status, envelope(_sentence(error, status, code, fields), code, fields), headers)


def rest_exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook (EXCEPTION_HANDLER)."""
    if "request" in context:
        failures.report_request(error, context["request"])
    answer = answer_for(error)
    if answer and answer.status == 403:
        _log_refusal("permission_refused", context["request"]._request, reason=answer.body["error"])
    return Response(answer.body, status=answer.status, headers=answer.headers) if answer else None


def _sentence(error: Exception, status: int, code: str, fields: dict[str, list[str]]) -> str:
    if isinstance(error, Error):
        return _DATABASE_SENTENCES[code]
    if isinstance(error, LeadRefused | MessageRefused | ValueRefused):
        return error.message
    if isinstance(error, KeyReused | RequestInProgress | ConversationRefused | WebhookRefused):
        return str(error)
    if isinstance(error, exceptions.ValidationError):
        return "; ".join(f"{field}: {' '.join(problems)}" for field, problems in fields.items())
    if isinstance(error, exceptions.APIException):
        return str(error.detail)
    return {403: "Permission denied.", 404: "Not found.", 413: "The body is too large."}[status]


_FIELD_OF: Final[dict[type[Exception], str]] = {
    HeadersRefused: "headers",
    UnknownLabel: "labels",
}


def _fields(error: Exception) -> dict[str, list[str]]:
    if isinstance(error, StatusNotAllowed):
        return {"status": [error.message]} | ({"allowed": list(error.allowed)} if error.allowed else {})
    if isinstance(error, LeadRefused | MessageRefused | ValueRefused):
        places = error.places if isinstance(error, ExternalIdTaken) else ()
        fields = [f"leads[{place}].{error.field}" for place in places] or ([error.field] if error.field else [])
        return {field: [error.message] for field in fields}
    if field := _FIELD_OF.get(type(error)):
        return {field: [str(error)]}
    if not isinstance(error, exceptions.ValidationError):
        return {}
    detail = error.detail
    if not isinstance(detail, dict):
        return {"body": [str(item) for item in detail]}
    return {
        "body" if field == "non_field_errors" else field: list(_sentences(problems))
        for field, problems in detail.items()
    }


def _sentences(problems: Any) -> Iterator[str]:
    """The sentences about a field; those about a part of it begin with its name, or with its place in a list from 1."""
    if isinstance(problems, Mapping):
        for part, inner in problems.items():
            where = f"item {part + 1}" if isinstance(part, int) else part
            yield from (f"{where}: {sentence}" for sentence in _sentences(inner))
    elif isinstance(problems, list):
        for inner in problems:
            yield from _sentences(inner)
    else:
        yield str(problems)


def _first_line(error: Exception) -> str:
    cause = error.__cause__
    # The text of a psycopg connection error contains host and user, never the password.
    return str(cause if isinstance(cause, psycopg.Error) else error).strip().partition("\n")[0]


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse(envelope(f"Not found: {request.path}", "not_found"), status=404)
    return error_page(404)


def _log_refusal(name: str, request: HttpRequest, **more: Any) -> None:
    """Log a security event about the user of a request, if one was looked up."""
    subject = user_id_of(request) or "nobody"
    log_security_event(name, client=request.META.get("REMOTE_ADDR", ""), subject=subject, path=request.path, **more)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    _log_refusal("permission_refused", request)
    if request.path.startswith("/api/"):
        return JsonResponse(envelope("Permission denied.", "forbidden"), status=403)
    return error_page(403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, DisallowedHost):
        host = request.META.get("HTTP_HOST", "")
        log_security_event("host_refused", client=request.META.get("REMOTE_ADDR", ""), subject=host, path=request.path)
    if request.path.startswith("/api/"):
        return JsonResponse(envelope("The request is malformed.", "malformed"), status=400)
    return error_page(413 if isinstance(exception, RequestDataTooBig) else 400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Setting CSRF_FAILURE_VIEW."""
    _log_refusal("csrf_refused", request, reason=reason)
    title, sentence = CSRF
    return error_page(403, title=title, sentence=sentence)


def server_error(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse(envelope("Internal server error. It has been logged.", "server_error"), status=500)
    if isinstance(error := sys.exc_info()[1], Exception) and meaning(error) is Meaning.UNAVAILABLE:
        # In a middleware, where DatabaseUnavailable does not see it.
        return error_page(503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    return error_page(500)
