"""The admin's login page: the password, and what comes after it."""

from typing import Any, Final

from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from unfold.forms import AuthenticationForm as StaffForm

from leadsite.accounts.logins import LoginRefused
from leadsite.accounts.passwords.services import can_mail
from leadsite.accounts.second_factor.login_steps import after_password
from leadsite.accounts.wait_page import wait_page

_FORGOTTEN: Final = _("Password forgotten? The operator of this site can give you a new one.")


class _PasswordPage(LoginView):
    """Django's page with its form in unfold's skin. A password that is right is the first of one or two steps."""

    authentication_form = StaffForm
    template_name = "admin/login.html"

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        return after_password(self.request, form.get_user(), next_page=self.get_success_url())

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        here: dict[str, Any] = {
            "title": gettext("Log in"),
            "app_path": self.request.get_full_path(),
            "forgotten": _FORGOTTEN,
        }
        here["can_mail"] = can_mail()
        return super().get_context_data(**context) | admin.site.each_context(self.request) | here


@never_cache
def login(request: HttpRequest) -> HttpResponseBase:
    """429 where the attempts are used up."""
    if request.method == "GET" and admin.site.has_permission(request):
        # Somebody has logged in in another window meanwhile.
        wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
        safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
        return HttpResponseRedirect(wanted if safe else "/admin/")
    try:
        return _PasswordPage.as_view()(request)
    except LoginRefused as refused:
        return wait_page(refused)
