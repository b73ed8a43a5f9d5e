"""The OpenAPI document: its paths, the description of authentication, and its pages."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularRedocView, SpectacularSwaggerView

# Not for integrators: the webhook that providers call, the paths of the previous system, and the documentation itself.
UNDOCUMENTED = (
    *("/api/webhooks/whatsapp", "/api/conversation", "/api/leads/create-with-conversation"),
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


def documented_paths(endpoints: list[tuple[str, str, str, Any]], **options: Any) -> list[tuple[str, str, str, Any]]:
    """Preprocessing hook: the paths for integrators, each without its form with a trailing slash."""
    return [end for end in endpoints if not end[0].endswith("/") and end[0] not in UNDOCUMENTED]


schema = SpectacularJSONAPIView.as_view(authentication_classes=[], permission_classes=[])
swagger = SpectacularSwaggerView.as_view(url_name="schema", authentication_classes=[], permission_classes=[])
redoc = SpectacularRedocView.as_view(url_name="schema", authentication_classes=[], permission_classes=[])
