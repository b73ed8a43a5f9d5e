"""The OpenAPI document: its paths, the description of authentication, and its pages."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import etag
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerView
from rest_framework.request import Request

from leadsite.rest.known_names import check_parameters
from leadsite.rest.public import public_view

# Written by `make schema`. Generating it takes a second of a processor, and is not safe in several threads at once.
_FILE: Final = Path(__file__).with_name("openapi.json")
# Not for integrators: the webhook that providers call, the paths of the previous system, addresses of files (an answer
# has them), and the documentation itself.
UNDOCUMENTED = (
    *("/api/webhooks/whatsapp", "/api/conversation", "/api/leads/create-with-conversation"),
    "/api/files/{media_id}",
    *("/api/schema", "/api/docs", "/api/docs/redoc"),
)


class BearerKey(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # registers itself
    target_class = "leadsite.accounts.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "`Authorization: Bearer <key>`; keys are created in the admin.",
        }


class StrictBody(OpenApiSerializerExtension):  # type: ignore[no-untyped-call] # registers itself
    target_class = "leadsite.rest.fields.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        described = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**described, "additionalProperties": False}


def documented_paths(endpoints: list[tuple[str, str, str, Any]], **options: Any) -> list[tuple[str, str, str, Any]]:
    """Preprocessing hook: the paths for integrators, each without its form with a trailing slash."""
    return [end for end in endpoints if not end[0].endswith("/") and end[0] not in UNDOCUMENTED]


@cache
def _document() -> tuple[bytes, str]:
    """The stored document and its ETag."""
    document = _FILE.read_bytes()
    return document, f'"{hashlib.sha256(document).hexdigest()[:32]}"'


@etag(lambda request: _document()[1])
@public_view
def schema(request: Request) -> HttpResponse:
    """The document, for anyone. A client that has it sends its ETag and is answered 304."""
    check_parameters(request, {})
    return HttpResponse(_document()[0], content_type="application/vnd.oai.openapi+json")


swagger = SpectacularSwaggerView.as_view(url_name="schema", authentication_classes=[], permission_classes=[])
_redoc = SpectacularRedocView.as_view(url_name="schema", authentication_classes=[], permission_classes=[])


@csrf_exempt  # as the page that it wraps: other methods are 405
def redoc(request: HttpRequest) -> HttpResponseBase:
    response = _redoc(request)
    # ReDoc searches in a thread.
    response.starts_workers = True  # type: ignore[attr-defined] # read by the middleware ContentPolicy
    return response
