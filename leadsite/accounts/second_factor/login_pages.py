"""Pages of a login after the password: the code, and setting up a second factor where one is required."""

from typing import Any, Final

import structlog
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from leadsite.accounts.logins import LoginRefused, count_attempt, shortened
from leadsite.accounts.models import User
from leadsite.accounts.second_factor.forms import CodeForm, SetUpForm
from leadsite.accounts.second_factor.login_steps import complete, log_in, unfinished_login
from leadsite.accounts.second_factor.services import AlreadyOn, WrongCode, accept_code, turn_on
from leadsite.accounts.second_factor.setting_up import secret_of, set_up_context
from leadsite.accounts.wait_page import wait_page
from leadsite.adminkit.error_pages import error_page
from leadsite.core.encryption import SecretUnreadable
from leadsite.core.logs.security import log_security_event

log = structlog.get_logger(__name__)

WRONG: Final = _("This code is not right, or was used already. Enter the code that the app shows now.")
_UNREADABLE: Final = _(
    "This site cannot read the secrets of authenticator apps at present: its operator must set FIELD_ENCRYPTION_KEYS."
    " Log in with a recovery code, or tell the operator."
)
_LAYOUT: Final = "unfold/layouts/unauthenticated.html"


@sensitive_post_parameters()
@never_cache
def code(request: HttpRequest) -> HttpResponse:
    """Ask for a code, and end the login. 429 where the attempts are used up."""
    begun = unfinished_login(request)
    if begun is None or begun[0].second_factor_at is None:
        return HttpResponseRedirect("/admin/login/")
    user, next_page = begun
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data["code"]
        try:
            if check_code(request, user, typed):
                return log_in(request, user, next_page=next_page, step="code")
        except LoginRefused as refused:
            return wait_page(refused)
        except SecretUnreadable:
            return _unreadable(user)
        form.add_error("code", WRONG)
    return _page(request, "accounts/login_code.html", {"title": gettext("Second step"), "form": form})


@sensitive_post_parameters()
@never_cache
def set_up(request: HttpRequest) -> HttpResponse:
    """Set up the second factor that is required, end the login, and show the recovery codes."""
    begun = unfinished_login(request)
    if begun is None or begun[0].second_factor_at is not None:
        return HttpResponseRedirect("/admin/login/")
    user, next_page = begun
    form = SetUpForm(request.POST or None, at_login=True)
    try:
        if request.method == "POST" and form.is_valid():
            return _turn_on(request, user, form.cleaned_data["code"], next_page)
    except AlreadyOn:
        return HttpResponseRedirect("/admin/login/")
    except WrongCode:
        form.add_error("code", WRONG)
    except SecretUnreadable:
        return _unreadable(user)
    try:
        context = set_up_context(request, user) | {
            "title": gettext("Set up a second factor"),
            "form": form,
            "layout": _LAYOUT,
        }
    except SecretUnreadable:
        return _unreadable(user)
    return _page(request, "accounts/second_factor_set_up.html", context)


def _turn_on(request: HttpRequest, user: User, code: str, next_page: str) -> HttpResponse:
    """Raises WrongCode, AlreadyOn, SecretUnreadable."""
    client = request.META.get("REMOTE_ADDR", "")
    texts = turn_on(user=user, secret=secret_of(request), code=code, may_replace=False, client=client)
    # Logged in first: the page is for somebody then.
    answer = complete(request, user, HttpResponse(), step="set up")
    context = {"title": gettext("Recovery codes"), "codes": texts, "next_page": next_page, "layout": _LAYOUT}
    answer.content = _page(request, "accounts/recovery_codes.html", context).render().content
    return answer


def _unreadable(user: User) -> HttpResponse:
    log.exception("second_factor_unreadable", user=str(user.pk))
    return error_page(503, sentence=_UNREADABLE)


def check_code(request: HttpRequest, user: User, typed: str) -> bool:
    """Whether this is a code of the user's. Raises LoginRefused, SecretUnreadable, django.db.Error."""
    attempt = count_attempt(request, user.email, kind="code ")
    if accept_code(user=user, typed=typed, client=attempt.address):
        attempt.succeeded()
        return True
    log_security_event("second_factor_refused", client=attempt.address, subject=shortened(user.email))
    return False


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
    return TemplateResponse(request, template, admin.site.each_context(request) | context)


urlpatterns = [
    path("code/", code, name="login-code"),
    path("second-factor/", set_up, name="login-set-up"),
]
