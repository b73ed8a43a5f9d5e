"""The button that turns off somebody's second factor, on the page of a person in the admin."""

from typing import cast

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from leadsite.accounts.logins import shortened
from leadsite.accounts.models import User
from leadsite.accounts.second_factor.services import turn_off
from leadsite.adminkit.page import AdminPage


class SecondFactorReset(AdminPage):
    """For somebody whose phone and recovery codes are lost; what `manage.py reset_second_factor` does."""

    change_form_outer_before_template = "accounts/second_factor_reset.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.reset_second_factor)
        reset = path("<path:object_id>/second-factor/", view, name="accounts_user_second_factor")
        return [reset, *super().get_urls()]

    def reset_second_factor(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_permission(request):
            raise PermissionDenied
        user: User | None = self.get_object(request, unquote(object_id))
        if user is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        by = cast(User, request.user)
        if user.pk == by.pk:
            # There it takes the password or a code: a session that somebody else has got hold of must not do.
            messages.error(request, "Nothing was changed. Turn off your own second factor under “Your account”.")
            return HttpResponseRedirect(reverse("account"))
        reason = f"reset in the admin by {shortened(by.email)}"
        if turn_off(user=user, reason=reason, client=request.META.get("REMOTE_ADDR", "")):
            LogEntry.objects.log_actions(str(by.pk), [user], CHANGE, "Turned off the second factor.")
            messages.success(request, f"The second factor of {user.email} is off, and the sessions are ended.")
        else:
            messages.info(request, f"{user.email} had no second factor. Nothing was changed.")
        return HttpResponseRedirect(reverse(f"admin:accounts_{self.opts.model_name}_change", args=[quote(user.pk)]))
