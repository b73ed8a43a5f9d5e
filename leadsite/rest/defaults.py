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
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api",
    "PREPROCESSING_HOOKS": ["leadsite.rest.openapi.documented_paths"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "leadsite.description.document.complete",
    ],
    "SERVERS": [{"url": "/", "description": "The site that serves this page; with `make run` http://127.0.0.1:8000"}],
    "TAGS": [
        {"name": "leads", "description": "Someone wants something: an order, a booking, an inquiry."},
        {"name": "conversations", "description": "What was written with a customer, and whose turn it is."},
        {"name": "labels", "description": "Words that a business puts on conversations."},
        {"name": "people", "description": "Who works for the business: to whom leads can be assigned."},
        {"name": "messages", "description": "Single messages, and whether they arrived."},
        {"name": "whatsapp", "description": "Sending, also to those who have no conversation yet."},
        {"name": "templates", "description": "Texts that Meta has approved: accepted at any time."},
        {"name": "customers", "description": "The people who write: their ids, their export and their erasure."},
        {"name": "webhook-endpoints", "description": "URLs of yours that events are posted to, and their deliveries."},
        {"name": "webhooks", "description": "What is posted to your URL: see Webhooks above."},
    ],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "COMPONENT_SPLIT_REQUEST": True,
    # Served by the site itself, not by a CDN.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "ErrorCode": "leadsite.rest.error_codes.CHOICES",
        "EventState": "leadsite.webhooks.models.EventState",
        "EventType": "leadsite.webhooks.models.EventType",
        "LeadStatus": "leads.models.Lead.Status",
        "LeadType": "leads.models.Lead.Type",
        "LeadSource": "leads.models.Lead.Source",
        "ConversationStatus": "conversations.models.Conversation.Status",
        "MessageStatus": "conversations.api.message_serializers.API_STATUSES",
        "MessageDirection": "conversations.models.Message.Direction",
    },
}
