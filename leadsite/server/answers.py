"""Answers that the web server gives without Django: JSON for programs, a page for people."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import structlog
from django.conf import settings

from leadsite.adminkit import content_policy
from leadsite.adminkit.error_pages import error_page
from leadsite.core.logs.requests import LONGEST, log_finished
from leadsite.core.sqlstates import Meaning, meaning
from leadsite.rest import cors
from leadsite.server.environ import Scope, Visit

log = structlog.get_logger(__name__)

RETRY_AFTER_SECONDS: Final = 5

Header = tuple[str, str]


class Answer(NamedTuple):
    """A whole answer, in memory or as a file; or one that `pieces` still have to make, which `close` ends."""

    status: int
    headers: list[Header]
    body: bytes = b""
    path: str = ""
    pieces: Iterator[bytes] | None = None
    close: Callable[[], object] = lambda: None
    owner: str = ""
    # Its request was perhaps not read to the end.
    is_refusal: bool = False


def refusal(scope: Scope, visit: Visit, status: int, code: str, sentence: str) -> Answer:
    """Refuse a request that Django has not seen, and log it."""
    about = {"request_id": visit.request_id, "client": visit.client}
    log_finished(
        method=scope.method, path=scope.path, status=status, started=visit.started, route="", code=code, **about
    )
    headers = [("x-request-id", visit.request_id), ("x-content-type-options", "nosniff"), *_for_browsers(scope)]
    if status == 503:
        headers.append(("retry-after", str(RETRY_AFTER_SECONDS)))
    if not scope.path.startswith("/api/"):
        page = error_page(status)
        headers += [(name.lower(), value) for name, value in page.items()]
        return Answer(status, headers, page.content, is_refusal=True)
    body: dict[str, Any] = {"success": False, "error": sentence, "code": code, "fields": {}}
    headers += [("content-type", "application/json"), (content_policy.HEADER.lower(), content_policy.NOTHING)]
    return Answer(status, headers, json.dumps(body).encode(), is_refusal=True)


def failure(scope: Scope, visit: Visit, error: Exception) -> Answer:
    """Answer 503 where the database is not available, and otherwise 500 for a fault of the web server's own."""
    if meaning(error) is Meaning.UNAVAILABLE:
        sentence = "The database cannot be reached, or is too busy. Send the request again in a few seconds."
        return refusal(scope, visit, 503, "database_unavailable", sentence)
    about = {"request_id": visit.request_id, "client": visit.client}
    log.error("request_failed", path=scope.path[:LONGEST], exc_info=error, **about)
    return refusal(scope, visit, 500, "server_error", "Internal server error. It has been logged.")


def _for_browsers(scope: Scope) -> list[Header]:
    """What django-cors-headers would add: without it a page of an allowed origin could not read why it was refused."""
    origin = scope.headers.get("origin")
    if origin not in settings.CORS_ALLOWED_ORIGINS or not re.match(cors.PATHS, scope.path):
        return []
    exposed = ", ".join(cors.ANSWER_HEADERS)
    return [("access-control-allow-origin", origin), ("access-control-expose-headers", exposed), ("vary", "origin")]
