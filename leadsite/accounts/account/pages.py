"""The page of a person's own account in the admin: password, second factor and sessions."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language_from_request, gettext, ngettext, override
from django.views.decorators.http import require_GET, require_POST

from leadsite.accounts.account import second_factor
from leadsite.accounts.account.parts import own, page, person, row_key, to_account
from leadsite.accounts.models import Session
from leadsite.adminkit.values import badge, foreign, moment

_BUTTON = (
    "border border-base-200 cursor-pointer font-medium px-2 py-1 rounded-default text-important dark:border-base-700"
)


@require_GET
def account(request: HttpRequest) -> HttpResponse:
    user, here = person(request), row_key(request)
    sessions = list(Session.objects.running(user.pk))
    context = {
        "title": gettext("Your account"),
        "languages": settings.LANGUAGES,
        "second_factor": second_factor.section(user),
        "sessions": {
            "headers": [gettext("Browser"), gettext("Address"), gettext("Logged in"), gettext("Last seen"), ""],
            "rows": [_columns(session, here) for session in sessions],
        },
        "others": len([session for session in sessions if session.pk != here]),
    }
    return page(request, "accounts/account.html", context)


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Show the person's pages in a language from now on; "" is that of the browser."""
    chosen, user = request.POST.get("language", ""), person(request)
    if chosen in ("", *dict(settings.LANGUAGES)):
        user.language = chosen
        user.save(update_fields=["language"])
        with override(chosen or get_language_from_request(request)):
            messages.success(request, gettext("The language is saved."))
    else:
        messages.error(request, gettext("There are no pages in that language. Choose one of the list."))
    return to_account()


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
        messages.success(request, ngettext("%d session ended.", "%d sessions ended.", count) % count)
    else:
        messages.info(request, gettext("That session had ended already."))
    return to_account()


def _columns(session: Session, here: str) -> list[SafeString]:
    if session.pk == here:
        last = badge(gettext("This session"), "active")
    else:
        last = format_html(
            '<button name="session" value="{}" class="{}">{}</button>', session.pk, _BUTTON, gettext("End")
        )
    seen, started = moment(session.last_seen_at), moment(session.started_at)
    return [foreign(session.browser_name), foreign(session.address or "–"), started, seen, last]


urlpatterns = [
    path("", own(account), name="account"),
    path("language/", own(choose_language), name="account-language"),
    path("sessions/end/", own(end), name="account-end-session"),
    *second_factor.urlpatterns,
]
