"""What happens around every request."""

from collections.abc import Awaitable, Callable

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django_structlog.middlewares import RequestMiddleware

from leadsite import health
from leadsite.errors import answer_for


class Probes:
    """Answers /livez and /readyz before anything else looks at the request.

    Whoever probes comes from inside: without TLS, by an address that is in no ALLOWED_HOSTS, every few seconds.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = health.PROBES.get(request.path.rstrip("/"))
        return probe(request) if probe else self.get_response(request)


class RequestLog(RequestMiddleware):
    """django-structlog's request id and request line, without the query: it may hold a phone number."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {request.path}"


class _PagesOnly(MiddlewareMixin):
    """Leaves API requests alone: they carry a key and know neither session nor messages, and getting all that ready
    is an eighth of the Python work of a request.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if request.path.startswith("/api/"):
            return self.get_response(request)
        return super().__call__(request)


class PageSession(_PagesOnly, SessionMiddleware):
    pass


class PageAuthentication(_PagesOnly, AuthenticationMiddleware):
    pass


class PageMessages(_PagesOnly, MessageMiddleware):
    pass


class DatabaseAway:
    """Turns a missing database into 503 also outside DRF: in the admin, in the session, in plain views."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        answer = answer_for(error)
        return JsonResponse(answer.body, status=answer.status, headers=answer.headers) if answer else None
