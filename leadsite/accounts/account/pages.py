"""The page of a person's own account in the admin: password and sessions."""

from typing import Any, cast

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from leadsite.accounts.models import Session, User
from leadsite.accounts.sessions.store import SessionStore
from leadsite.adminkit.values import badge, foreign, moment

_BUTTON = (
    "border border-base-200 cursor-pointer font-medium px-2 py-1 rounded-default text-important dark:border-base-700"
)


@require_GET
def account(request: HttpRequest) -> HttpResponse:
    user, here = person(request), row_key(request)
    sessions = list(Session.objects.running(user.pk))
    context = {
        "title": "Your account",
        "sessions": {
            "headers": ["Browser", "Address", "Logged in", "Last seen", ""],
            "rows": [_columns(session, here) for session in sessions],
        },
        "others": len([session for session in sessions if session.pk != here]),
    }
    return page(request, "accounts/account.html", context)


@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """End one of the person's sessions, or all but this one."""
    user, here = person(request), row_key(request)
    chosen, reason = request.POST.get("session", "").replace("\0", ""), "ended by the user"
    if chosen == "others":
        count = Session.objects.end_all(user.pk, but=here, reason=reason)
    else:
        count = Session.objects.end([chosen], user_id=user.pk, reason=reason) if chosen != here else 0
    if count:
        messages.success(request, f"{count} {'session' if count == 1 else 'sessions'} ended.")
    else:
        messages.info(request, "That session had ended already.")
    return to_account()


def page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    return TemplateResponse(request, template, admin.site.each_context(request) | context, status=status)


def to_account() -> HttpResponse:
    return HttpResponseRedirect(reverse("account"))


def person(request: HttpRequest) -> User:
    return cast(User, request.user)


def row_key(request: HttpRequest) -> str:
    """The primary key of the request's session."""
    return cast(SessionStore, request.session).row_key


def _columns(session: Session, here: str) -> list[SafeString]:
    if session.pk == here:
        last = badge("This session", "active")
    else:
        last = format_html('<button name="session" value="{}" class="{}">End</button>', session.pk, _BUTTON)
    seen, started = moment(session.last_seen_at), moment(session.started_at)
    return [foreign(session.browser_name), foreign(session.address or "–"), started, seen, last]


def _own(view: Any) -> Any:
    return admin.site.admin_view(never_cache(view))


urlpatterns = [
    path("", _own(account), name="account"),
    path("sessions/end/", _own(end), name="account-end-session"),
]
