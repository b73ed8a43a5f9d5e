"""Middleware: one line, `request_finished`, for each request, and its id on every line that it causes."""

import logging
import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse

from leadsite.core.logs.request_ids import HEADER, request_id_of

log = structlog.get_logger(__name__)

# When the web server began with the request, by time.perf_counter(): an entry of the environ.
STARTED: Final = "leadsite.started"
# Clients choose paths and methods.
LONGEST: Final = 300


class RequestLog:
    """Logs no query string: it may contain a phone number or a verify token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        meta = request.META
        started = meta.get(STARTED) or time.perf_counter()
        request_id = request_id_of(meta.get("HTTP_X_REQUEST_ID"))
        with structlog.contextvars.bound_contextvars(request_id=request_id, client=meta.get("REMOTE_ADDR", "")):
            response = self.get_response(request)
            response[HEADER] = request_id
            log_finished(
                method=request.method or "",
                path=request.path,
                status=response.status_code,
                started=started,
                route=request.resolver_match.route if request.resolver_match else "",
                user_id=user_id_of(request),
            )
        return response


def log_finished(*, method: str, path: str, status: int, started: float, **more: Any) -> None:
    """`started` is by time.perf_counter(). `ms` counts the body's arrival and the wait for a turn, too."""
    level = logging.ERROR if status >= 500 else logging.INFO
    took = round((time.perf_counter() - started) * 1000, 1)
    log.log(level, "request_finished", method=method[:20], path=path[:LONGEST], status=status, ms=took, **more)


def user_id_of(request: HttpRequest) -> str | None:
    """Whose key or session it was, if that was looked up: this reads no session."""
    user = getattr(request, "_cached_user", None) or request.__dict__.get("user")
    # Neither the lazy user of a session that nothing has asked for, nor nobody.
    return str(user.pk) if user is not None and hasattr(type(user), "_meta") else None


def _log_failure(sender: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
    """An error that nobody handled: the answer is 500. Django's signal is sent while it is handled."""
    log.exception("request_failed", path=request.path[:LONGEST] if request is not None else "")


got_request_exception.connect(_log_failure, dispatch_uid="leadsite.request_failed")
