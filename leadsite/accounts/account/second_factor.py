"""The second factor in the page of a person's own account: set up, turned off, new recovery codes."""

from typing import Any, Final

import structlog
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from leadsite.accounts.account.parts import client_of, own, page, person, row_key, to_account
from leadsite.accounts.logins import LoginRefused, count_attempt, shortened
from leadsite.accounts.models import RecoveryCode, User
from leadsite.accounts.second_factor import codes, services
from leadsite.accounts.second_factor.forms import ConfirmForm, SetUpForm
from leadsite.accounts.second_factor.login_pages import WRONG
from leadsite.accounts.second_factor.rules import mark_complete, must_have
from leadsite.accounts.second_factor.setting_up import forget_secret, secret_of, set_up_context
from leadsite.accounts.wait_page import wait_page
from leadsite.core.encryption import SecretUnreadable
from leadsite.core.logs.security import log_security_event

log = structlog.get_logger(__name__)

_WRONG_PASSWORD: Final = _("This password is not right.")
_NOT_CONFIRMED: Final = _("This is neither your password nor a current code. Nothing was changed.")
_NO_KEYS: Final = _("A second factor cannot be set up: the operator of this site must set FIELD_ENCRYPTION_KEYS first.")
_LAYOUT: Final = "admin/base_site.html"


def section(user: User) -> dict[str, Any]:
    """The context of the account page's section."""
    if user.second_factor_at is None:
        return {"since": None}
    left = RecoveryCode.objects.filter(user_id=user.pk).count()
    return {"since": user.second_factor_at, "codes_left": left, "form": ConfirmForm(), "required": must_have(user)}


def set_up(request: HttpRequest) -> HttpResponse:
    """Set up the app, in place of one of before, and show the recovery codes."""
    user = person(request)
    form = SetUpForm(request.POST or None, at_login=False)
    try:
        if request.method == "POST" and form.is_valid():
            try:
                return _turn_on(request, user, form)
            except services.WrongCode:
                form.add_error("code", WRONG)
            except _WrongPassword:
                form.add_error("password", _WRONG_PASSWORD)
        context = set_up_context(request, user) | {
            "title": gettext("Set up a second factor"),
            "form": form,
            "layout": _LAYOUT,
        }
    except LoginRefused as refused:
        return wait_page(refused)
    except SecretUnreadable:
        log.exception("second_factor_unreadable", user=str(user.pk))
        messages.error(request, _NO_KEYS)
        return to_account()
    return page(request, "accounts/second_factor_set_up.html", context)


class _WrongPassword(Exception):
    pass


def _turn_on(request: HttpRequest, user: User, form: SetUpForm) -> HttpResponse:
    """Raises LoginRefused, WrongCode, _WrongPassword, SecretUnreadable."""
    attempt = count_attempt(request, user.email, kind="code ")
    if not user.check_password(form.cleaned_data["password"]):
        log_security_event("second_factor_refused", client=attempt.address, subject=shortened(user.email))
        raise _WrongPassword
    code, here = form.cleaned_data["code"], row_key(request)
    texts = services.turn_on(
        user=user, secret=secret_of(request), code=code, may_replace=True, keep_session=here, client=client_of(request)
    )
    attempt.succeeded()
    forget_secret(request)
    request.session.cycle_key()
    mark_complete(user, request.session)
    return _codes_page(request, texts)


def turn_off(request: HttpRequest) -> HttpResponse:
    refused = _confirm(request)
    if refused is not None:
        return refused
    user = person(request)
    here, client = row_key(request), client_of(request)
    services.turn_off(user=user, reason="turned off by the user", keep_session=here, client=client)
    messages.success(request, gettext("The second factor is off. A login needs your password only."))
    return to_account()


def new_codes(request: HttpRequest) -> HttpResponse:
    refused = _confirm(request)
    if refused is not None:
        return refused
    if person(request).second_factor_at is None:
        return to_account()
    return _codes_page(request, services.replace_recovery_codes(user=person(request), client=client_of(request)))


def _confirm(request: HttpRequest) -> HttpResponse | None:
    """Return None where the person has typed the password or a code; otherwise the answer."""
    form = ConfirmForm(request.POST)
    if request.method != "POST" or not form.is_valid():
        messages.error(request, gettext("Enter your password or a code first."))
        return to_account()
    try:
        if _is_proof(request, person(request), form.cleaned_data["proof"]):
            return None
    except LoginRefused as refused:
        return wait_page(refused)
    messages.error(request, _NOT_CONFIRMED)
    return to_account()


def _is_proof(request: HttpRequest, user: User, typed: str) -> bool:
    """Raises LoginRefused."""
    attempt = count_attempt(request, user.email, kind="code ")
    try:
        proven = services.accept_code(user=user, typed=typed, client=attempt.address)
    except SecretUnreadable:
        proven = False
    # No password of six digits is allowed.
    if proven or (not codes.is_app_code(typed) and user.check_password(typed)):
        attempt.succeeded()
        return True
    log_security_event("second_factor_refused", client=attempt.address, subject=shortened(user.email))
    return False


def _codes_page(request: HttpRequest, texts: list[str]) -> HttpResponse:
    context = {"title": gettext("Recovery codes"), "codes": texts, "next_page": to_account().headers["Location"]}
    return page(request, "accounts/recovery_codes.html", context | {"layout": _LAYOUT})


urlpatterns = [
    path("second-factor/", own(set_up), name="account-set-up"),
    path("second-factor/off/", own(turn_off), name="account-turn-off"),
    path("second-factor/codes/", own(new_codes), name="account-new-codes"),
]
