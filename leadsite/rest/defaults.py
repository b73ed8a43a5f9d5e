"""Settings of DRF, knox and drf-spectacular. None depends on the environment."""

from typing import Any, Final

REST_KNOX: Final[dict[str, Any]] = {
    "TOKEN_TTL": None,
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_PREFIX": "ls_",
}
REST_FRAMEWORK: Final[dict[str, Any]] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["leadsite.accounts.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["leadsite.accounts.authentication.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["leadsite.accounts.limits.RequestRate"],
    "DEFAULT_PARSER_CLASSES": ["leadsite.rest.parsing.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "leadsite.rest.parsing.JSONOnly",
    "DEFAULT_PAGINATION_CLASS": "leadsite.rest.pagination.NewestFirst",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "leadsite.errors.rest_exception_handler",
    "UNAUTHENTICATED_USER": None,
    # DRF's answer to OPTIONS contains the docstrings of views.
    "DEFAULT_METADATA_CLASS": None,
}
SPECTACULAR_SETTINGS: Final[dict[str, Any]] = {
    "TITLE": "leadsite",
    "DESCRIPTION": (
        "Leads, conversations and WhatsApp messages of a business. Every customer who writes becomes one lead with its"
        " conversation. A key gives access to the rows of its business; rows of other businesses answer 404."
    ),
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api",
    "PREPROCESSING_HOOKS": ["leadsite.rest.openapi.documented_paths"],
    "COMPONENT_SPLIT_REQUEST": True,
    # Served by the site itself, not by a CDN.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "LeadStatus": "leads.models.Lead.Status",
        "LeadType": "leads.models.Lead.Type",
        "LeadSource": "leads.models.Lead.Source",
        "ConversationStatus": "conversations.models.Conversation.Status",
        "MessageDirection": "conversations.models.Message.Direction",
    },
}
