"""The button that turns off somebody's second factor, on the page of a person in the admin."""

from typing import Any, Final, cast

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from leadsite.accounts.account.parts import client_of
from leadsite.accounts.logins import shortened
from leadsite.accounts.models import Membership, User
from leadsite.accounts.second_factor.services import turn_off
from leadsite.adminkit.page import AdminPage
from leadsite.adminkit.workplace import business_of, sees_all

_ELSEWHERE: Final = _("works for another business, too, or is an operator: ask the operator of this site.")


class SecondFactorReset(AdminPage):
    """For somebody whose phone and recovery codes are lost; what `manage.py reset_second_factor` does.

    Operators may turn it off for everybody but themselves. People who may change the people of a business may do so for
    those who work for this business only: others use the same login elsewhere. Templates include
    accounts/second_factor_reset.html.
    """

    change_form_outer_before_template = "accounts/second_factor_reset.html"

    def person_of(self, row: Any) -> User:
        """Return whose page it is."""
        return cast(User, row)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.reset_second_factor)
        return [path("<path:object_id>/second-factor/", view, name=self._name("second_factor")), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        obj: Model | None = options.get("obj")
        if obj is not None and self.has_change_permission(request, obj):
            person = self.person_of(obj)
            if person.second_factor_at and person.pk != request.user.pk and _is_theirs_alone(request, person):
                context["second_factor_reset"] = reverse(f"admin:{self._name('second_factor')}", args=[quote(obj.pk)])
        return super().render_change_form(request, context, *args, **options)

    def reset_second_factor(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        by, person = cast(User, request.user), self.person_of(row)
        if person.pk == by.pk:
            # That page asks for the password or a code: a stolen session must not be enough.
            messages.error(
                request, gettext("Nothing was changed. Turn off your own second factor under “Your account”.")
            )
            return HttpResponseRedirect(reverse("account"))
        if not _is_theirs_alone(request, person):
            messages.error(
                request,
                gettext("Nothing was changed. %(email)s %(elsewhere)s")
                % {"email": person.email, "elsewhere": _ELSEWHERE},
            )
        elif turn_off(user=person, reason=f"reset in the admin by {shortened(by.email)}", client=client_of(request)):
            LogEntry.objects.log_actions(str(by.pk), [row], CHANGE, gettext_noop("Turned off the second factor."))
            messages.success(
                request,
                gettext("The second factor of %(email)s is off, and the sessions are ended.") % {"email": person.email},
            )
        else:
            messages.info(
                request, gettext("%(email)s had no second factor. Nothing was changed.") % {"email": person.email}
            )
        return HttpResponseRedirect(reverse(f"admin:{self._name('change')}", args=[quote(row.pk)]))

    def _name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"


def _is_theirs_alone(request: HttpRequest, person: User) -> bool:
    """Whether the person works for this business alone, or an operator asks."""
    if sees_all(request):
        return True
    others = Membership.objects.filter(person=person).exclude(business=business_of(request))
    return not person.is_superuser and not others.exists()
