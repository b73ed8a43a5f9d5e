"""The settings of a business, which its owners change: name, country and time zone."""

from typing import Any, Final, cast

import phonenumbers
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from leads.importing.phones.shown_names import shown_region
from leadsite.accounts.business.places import zones
from leadsite.accounts.models import User
from leadsite.adminkit.changed_fields import ChangedFields
from leadsite.adminkit.workplace import business_of
from leadsite.core import clock
from leadsite.inbox.access import for_staff

PERMISSION: Final = "accounts.change_membership"


def countries() -> list[tuple[str, str]]:
    """Codes and names, in the order of the names."""
    return sorted(((code, shown_region(code)) for code in phonenumbers.SUPPORTED_REGIONS), key=lambda one: one[1])


class SettingsForm(ChangedFields):
    business_name = forms.CharField(label=_("Name of the business"), max_length=200, widget=UnfoldAdminTextInputWidget)
    country = forms.ChoiceField(
        label=_("Country"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_(
            "Numbers without country code that you type, such as 0151 23440001, are read as numbers of this country; an"
            " import offers it. Programs still send numbers in international form."
        ),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("All pages show times of this zone, and a day begins at midnight there."),
    )

    class Meta:
        model = User
        fields = ["business_name", "country", "time_zone"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        site = gettext("The site's time zone (%s)") % timezone.get_default_timezone_name()
        cast(forms.ChoiceField, self.fields["country"]).choices = [
            ("", gettext("None: only numbers with country code"))
        ]
        cast(Any, self.fields["country"]).choices += countries()
        cast(forms.ChoiceField, self.fields["time_zone"]).choices = [("", site), *((name, name) for name in zones())]


def may_change(request: HttpRequest) -> bool:
    """Whether the person works for a business and is an owner of it."""
    return business_of(request) is not None and request.user.has_perm(PERMISSION)


def business_settings(request: HttpRequest) -> HttpResponse:
    business_id = business_of(request)
    if business_id is None or not may_change(request):
        raise PermissionDenied
    business = User.objects.get(pk=business_id)
    form = SettingsForm(request.POST or None, instance=business)
    if request.method == "POST" and form.is_valid():
        form.instance.save(update_fields=form.changed_data)
        messages.success(request, gettext("The settings of the business are saved."))
        return HttpResponseRedirect(reverse("business-settings"))
    context = {"title": gettext("Business settings"), "form": form, "now": clock.now()}
    return TemplateResponse(request, "business/settings.html", admin.site.each_context(request) | context)


urlpatterns = [path("", for_staff(business_settings), name="business-settings")]
