"""How the REST API works: the settings of DRF and knox, of which none depends on the environment."""

from typing import Any, Final

REST_KNOX: Final[dict[str, Any]] = {
    "TOKEN_TTL": None,
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_PREFIX": "ls_",
}
REST_FRAMEWORK: Final[dict[str, Any]] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["leadsite.accounts.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["leadsite.api.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "leadsite.api.JSONOnly",
    "DEFAULT_PAGINATION_CLASS": "leadsite.api.NewestFirst",
    "EXCEPTION_HANDLER": "leadsite.errors.rest_exception_handler",
    "UNAUTHENTICATED_USER": None,
    # OPTIONS would describe the views to anybody, docstrings included.
    "DEFAULT_METADATA_CLASS": None,
}
