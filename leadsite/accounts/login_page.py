"""The admin's login page."""

from typing import Final

from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from leadsite.accounts.logins import LoginRefused, remember_browser
from leadsite.adminkit.error_pages import error_page
from leadsite.core import clock

_REFUSED: Final = (
    "There were too many attempts to log in to this account, or from this network. The next one is possible at"
    " {time} ({zone}), in {minutes} minutes. If you have forgotten your password, ask the operator of this site for a"
    " new one; they can also end the wait."
)
_FORGOTTEN: Final = "Password forgotten? The operator of this site can give you a new one."


@never_cache
def login(request: HttpRequest) -> HttpResponseBase:
    """Django's page with its form in unfold's skin. 429 where the attempts are used up."""
    wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
    if request.method == "GET" and wanted and admin.site.has_permission(request):
        # Somebody has logged in in another window meanwhile.
        safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
        return HttpResponseRedirect(wanted if safe else "/admin/")
    try:
        response = admin.site.login(request, {"forgotten": _FORGOTTEN})
    except LoginRefused as refused:
        seconds = max(1, int((refused.until - clock.now()).total_seconds()) + 1)
        sentence = _REFUSED.format(
            time=f"{timezone.localtime(refused.until):%H:%M}",
            zone=timezone.get_current_timezone_name(),
            minutes=-(-seconds // 60),
        )
        return error_page(429, sentence=sentence, headers={"Retry-After": str(seconds)})
    if request.method == "POST" and response.status_code == 302:
        remember_browser(request, response)
    return response
