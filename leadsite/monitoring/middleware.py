"""Middleware that counts and times requests, by route and never by path, and names where their work came in."""

import re
import time
from collections.abc import Callable
from functools import cache

from django.http import HttpRequest, HttpResponse

from leadsite.core import metrics
from leadsite.core.failures import Source, entered
from leadsite.core.postgresql.actors import acting
from leadsite.core.postgresql.giving_way import GiveWay
from leadsite.core.transactions import LOCK_NOT_AVAILABLE

UNMATCHED = "unmatched"
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


class Monitor:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        try:
            # The thread serves other requests later: each begins without an actor.
            with entered(source_of(request.path)), acting(None):
                response = self.get_response(request)
        except GiveWay:
            metrics.transaction_retried(LOCK_NOT_AVAILABLE)
            raise
        match = request.resolver_match
        route = route_of(match.route) if match else UNMATCHED
        metrics.request_answered(route, response.status_code, time.perf_counter() - started)
        return response


def source_of(path: str) -> str:
    if path.startswith("/api/webhooks/"):
        return Source.WHATSAPP.value
    return Source.API.value if path.startswith("/api/") else Source.ADMIN.value


@cache
def route_of(pattern: str) -> str:
    """Return the route of a URL pattern: /api/leads/{lead_id}. The number of patterns is that of the site's."""
    return "/" + _PARAMETER.sub(r"{\1}", pattern).strip("^$/")
