"""Middleware: health probes, the content policy, sessions for pages only, and 503 for an unreachable database."""

from collections.abc import Awaitable, Callable
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import MiddlewareNotUsed, PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject

from leadsite import health
from leadsite.accounts.business.places import zone_of
from leadsite.accounts.models import User
from leadsite.accounts.people.shown_for import refuse_other_business
from leadsite.accounts.people.viewers import changes_forbidden
from leadsite.accounts.people.workplaces import wanted_by
from leadsite.accounts.second_factor.rules import is_complete
from leadsite.accounts.sessions.store import SessionStore, visitor_of
from leadsite.adminkit import content_policy
from leadsite.adminkit.error_pages import WORDS, error_page
from leadsite.adminkit.workplace import reader_of
from leadsite.core import failures
from leadsite.core.addresses import OWNER
from leadsite.core.logs.request_ids import HEADER, request_id_of
from leadsite.core.postgresql import replica
from leadsite.core.postgresql.actors import ActorKind, actor_of_request, become
from leadsite.core.postgresql.patience import limit_waiting
from leadsite.core.sqlstates import Meaning, meaning
from leadsite.errors import answer_for, forbidden
from leadsite.languages.choosing import use_language_of


class Probes:
    """Answers /livez, /readyz and /metrics before any other middleware.

    Load balancers probe every few seconds from inside the network: without TLS, and with a host that is not in
    ALLOWED_HOSTS.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = health.PROBES.get(request.path.rstrip("/"))
        if probe is None:
            return self.get_response(request)
        answer = probe(request)
        answer[HEADER] = request_id_of(request.headers.get(HEADER))
        return answer


class ContentPolicy:
    """Says in each answer what the browser may do with it. The nonce of a page is `csp_nonce` in its template."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        nonce = content_policy.new_nonce()
        request.csp_nonce = nonce  # type: ignore[attr-defined] # read by the context processor
        response = self.get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            # An error page has a nonce of its own.
            policy = content_policy.page_policy(
                nonce,
                evaluates=not request.path.startswith("/api/"),
                workers=getattr(response, "starts_workers", False),
            )
            response.headers.setdefault(content_policy.HEADER, policy)
            response.headers["Permissions-Policy"] = content_policy.PERMISSIONS
        else:
            response.headers.setdefault(content_policy.HEADER, content_policy.NOTHING)
        return response


class _PagesOnly(MiddlewareMixin):
    """Skips API requests: they have a key instead of a session, and setting up sessions and messages takes an eighth of
    the Python time of a request.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if request.path.startswith("/api/"):
            return self.get_response(request)
        return super().__call__(request)


class PageSession(_PagesOnly, SessionMiddleware):
    """Notes where a session is used, and when, with a write a minute instead of one a request."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        cast(SessionStore, request.session).visitor = visitor_of(request)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session = getattr(request, "session", None)
        if session is not None and session.accessed and not session.modified and not session.is_empty():
            session.touch()
        return super().process_response(request, response)


class ErrorPages(_PagesOnly):
    """Answers that Django leaves empty, as 405, become pages."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.status_code not in WORDS or not isinstance(response, HttpResponse) or response.content:
            return response
        # Without the length of the empty answer: a browser would read no more than that.
        kept = {name: value for name, value in response.items() if name not in ("Content-Length", "Content-Type")}
        return error_page(response.status_code, headers=kept)


class PageAuthentication(_PagesOnly, AuthenticationMiddleware):
    """A session whose login lacks the second factor that it needs is anonymous.

    Where a form was sent after the session had ended, the login leads back to the page with the form.

    The address that it was sent to may take nothing but forms, as that of a reply does.
    """

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = cast(User, SimpleLazyObject(lambda: _user_of(request)))
        timezone.deactivate()  # the thread may have served another business before

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        """Refuse what viewers send, and forms of another business; also to pages that have no check of their own."""
        if changes_forbidden(request):
            return forbidden(request, PermissionDenied())
        if page := refuse_other_business(request):
            return page
        if request.path.startswith("/admin/"):
            # Times of the business's zone. Read with the memberships, which the menu of each page shows.
            workplace = getattr(request.user, "workplace", None)
            timezone.activate(zone_of(workplace.business.time_zone if workplace else ""))
            use_language_of(request)
        return None

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        timezone.deactivate()
        person = getattr(request, "_cached_user", None)  # None: no view has asked who it is
        if person is not None and person.is_authenticated:
            request.META[OWNER] = str(person.pk)
        login = resolve_url(settings.LOGIN_URL)
        if request.method != "POST" or response.status_code != 302 or response["Location"].partition("?")[0] != login:
            return response
        page = _path_on_this_site(request, request.META.get("HTTP_REFERER", ""))
        return redirect_to_login(page) if page and not page.startswith(login) else response


def _user_of(request: HttpRequest) -> User | AnonymousUser:
    user = get_user(request)
    if not isinstance(user, User):
        return AnonymousUser()
    user.wanted_business = wanted_by(request.session)
    if not is_complete(user, request.session):
        return AnonymousUser()
    become(actor_of_request(ActorKind.PERSON, actor_id=str(user.pk), name=user.get_full_name()))
    return user


def _path_on_this_site(request: HttpRequest, address: str) -> str:
    """Return path and query of an address; "" where it is another site's, or none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.netloc != request.get_host() or parts.path.startswith("//"):
        return ""
    return parts._replace(scheme="", netloc="", fragment="").geturl()


class PageMessages(_PagesOnly, MessageMiddleware):
    pass


class DatabaseUnavailable:
    """Limits how long a request may wait for the database, and answers 503 outside DRF where it is not available: in
    the admin, in sessions, in Django views.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with limit_waiting(settings.DATABASE_WAIT_SECONDS):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        failures.report_request(error, request)
        if meaning(error) is not Meaning.UNAVAILABLE:
            return None
        answer = answer_for(error)
        if answer and not request.path.startswith("/api/"):
            return error_page(answer.status, headers=answer.headers)
        return JsonResponse(answer.body, status=answer.status, headers=answer.headers) if answer else None


class NoteWrites:
    """Notes for which business a request may have written, so that its next list has it: Note [Replica]. Only with a
    replica.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not replica.is_set():
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            person = getattr(request, "_cached_user", None)  # of a page; None: no view has asked who it is
            is_known = person is not None and person.is_authenticated
            if writer := reader_of(request) if is_known else request.META.get(OWNER):
                replica.note_write(writer)
        return response
