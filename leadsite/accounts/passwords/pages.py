"""Pages for a forgotten password, for a new one by link, and for changing one's own."""

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from unfold.forms import AdminPasswordChangeForm
from unfold.widgets import UnfoldAdminEmailInputWidget

from leadsite.accounts.logins import LoginRefused, count_attempt, shortened
from leadsite.accounts.models import User
from leadsite.accounts.passwords.links import user_of
from leadsite.accounts.passwords.services import LinkInvalid, can_mail, request_link, set_password
from leadsite.accounts.wait_page import wait_page
from leadsite.adminkit.error_pages import error_page
from leadsite.core.logs.security import log_security_event

_INVALID: Final = _(
    "This link was used already, is older than an hour, or is not complete. Ask for another one, or ask the operator of"
    " this site."
)


class ForgottenForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=UnfoldAdminEmailInputWidget({"autocomplete": "username", "autofocus": ""}),
        help_text=_("The one that you log in with."),
    )


class NewPasswordForm(AdminPasswordChangeForm):
    """Without the choice to have no password."""

    usable_password = None


@never_cache
def forgotten(request: HttpRequest) -> HttpResponse:
    """Have a link sent. The answer is the same whether the account exists. 429 where the attempts are used up."""
    if not can_mail():
        return HttpResponseRedirect("/admin/login/")
    form = ForgottenForm(request.POST or None)
    sent = ""
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data["email"]
        try:
            attempt = count_attempt(request, sent, kind="reset ")
        except LoginRefused as refused:
            return wait_page(refused)
        request_link(email=sent, client=attempt.address)
    return _page(
        request, "accounts/password_forgotten.html", {"title": gettext("New password"), "form": form, "sent": sent}
    )


@sensitive_post_parameters()
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """Set a new password by a link. A login takes the second factor all the same."""
    link = request.POST.get("link", "") or request.GET.get("link", "")
    user = user_of(link)
    if user is None:
        return error_page(400, title=gettext("This link is not valid"), sentence=_INVALID)
    form = NewPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            set_password(link=link, password=form.cleaned_data["password1"], client=request.META["REMOTE_ADDR"])
        except LinkInvalid:
            return error_page(400, title=gettext("This link is not valid"), sentence=_INVALID)
        return _page(request, "accounts/password_new.html", {"title": gettext("New password"), "done": True})
    context = {"title": gettext("New password"), "form": form, "link": link, "email": user.email}
    return _page(request, "accounts/password_new.html", context)


@sensitive_post_parameters()
def change(request: HttpRequest) -> HttpResponseBase:
    """The admin's page, with the limits of a login: who has a session only must not guess the password."""
    user = request.user
    if request.method != "POST" or not isinstance(user, User) or not admin.site.has_permission(request):
        return _change(request)
    try:
        attempt = count_attempt(request, user.email)
    except LoginRefused as refused:
        return wait_page(refused)
    response = _change(request)
    form = getattr(response, "context_data", None) and response.context_data["form"]
    if form and "old_password" in form.errors:
        log_security_event("login_failed", client=attempt.address, subject=shortened(user.email))
    else:
        attempt.succeeded()
    return response


def _change(request: HttpRequest) -> Any:
    return admin.site.admin_view(admin.site.password_change, cacheable=True)(request)


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
    return TemplateResponse(request, template, admin.site.each_context(request) | context)


urlpatterns = [
    path("password/forgotten/", forgotten, name="password-forgotten"),
    path("password/new/", new, name="password-new"),
    path("password_change/", change),
]
