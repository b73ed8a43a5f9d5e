"""Calls of the API by web pages of other origins (CORS): what django-cors-headers lets through.

Only the origins of the setting CORS_ALLOWED_ORIGINS, without cookies, and never the address where providers deliver.
"""

from typing import Final

MIDDLEWARE: Final = "corsheaders.middleware.CorsMiddleware"
PATHS: Final = r"^/api/(?!webhooks/)"
METHODS: Final = ["DELETE", "GET", "OPTIONS", "PATCH", "POST"]
REQUEST_HEADERS: Final = [
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-request-id",
]
ANSWER_HEADERS: Final = ["ETag", "Idempotency-Replayed", "Retry-After", "X-Request-ID"]
