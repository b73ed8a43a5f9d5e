"""Pages of people: an invitation, and the switch to another business."""

from typing import Any, Final, cast

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from unfold.forms import AdminPasswordChangeForm
from unfold.widgets import UnfoldAdminTextInputWidget

from leadsite.accounts.account.parts import client_of, own
from leadsite.accounts.models import Invitation, Membership, User
from leadsite.accounts.people import invitations
from leadsite.accounts.people.invitations import AccountExists, InvitationInvalid
from leadsite.accounts.people.workplaces import UnknownBusiness, keep_choice, switch
from leadsite.accounts.second_factor.login_steps import after_password
from leadsite.adminkit.error_pages import error_page
from leadsite.languages.texts import shown

_INVALID: Final = _(
    "This invitation was used already, was revoked or sent again, is older than seven days, or is not complete. Ask for"
    " another one."
)
_HAS_LOGIN: Final = _("There is a login with this e-mail. Log in with it first, then open the invitation again.")


class NewPersonForm(AdminPasswordChangeForm):
    usable_password = None
    name = forms.CharField(
        label=_("Your name"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "name", "autofocus": ""}),
        help_text=_("Your colleagues see it."),
    )
    field_order = ["name", "password1", "password2"]


@sensitive_post_parameters()
@never_cache
def invitation(request: HttpRequest) -> HttpResponse:
    """Accept an invitation: as the login that is logged in, or as a new one, which is logged in then."""
    link = request.POST.get("link", "") or request.GET.get("link", "")
    try:
        found = invitations.invitation_of(link)
        if admin.site.has_permission(request):
            return _as_known(request, found, link)
        return _as_new(request, found, link)
    except InvitationInvalid:
        return error_page(400, title=gettext("This invitation is not valid"), sentence=_INVALID)


def _as_known(request: HttpRequest, found: Invitation, link: str) -> HttpResponse:
    """Raises InvitationInvalid."""
    person = cast(User, request.user)
    fits = person.email == found.email
    if request.method == "POST" and fits:
        membership = invitations.accept(link=link, person=person)
        return _go_to(request, switch(request.session, [membership], membership.business_id))
    return _page(request, found, link, {"person": person, "fits": fits})


def _as_new(request: HttpRequest, found: Invitation, link: str) -> HttpResponse:
    """Raises InvitationInvalid."""
    form = NewPersonForm(User(email=found.email), request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = invitations.accept_as_new(
                link=link,
                name=form.cleaned_data["name"],
                password=form.cleaned_data["password1"],
                client=client_of(request),
            )
        except AccountExists:
            form.add_error(None, _HAS_LOGIN)
        else:
            return after_password(request, person, next_page=reverse("admin:index"))
    return _page(request, found, link, {"form": form})


def _page(request: HttpRequest, found: Invitation, link: str, context: dict[str, Any]) -> HttpResponse:
    back = reverse("admin:login", query={"next": f"{reverse('invitation')}?link={link}"})
    context |= {"title": gettext("Invitation"), "invitation": found, "link": link, "login": back}
    return TemplateResponse(request, "accounts/invitation.html", admin.site.each_context(request) | context)


@require_POST
def switch_business(request: HttpRequest) -> HttpResponse:
    """Work for another business from now on, in this session."""
    person = cast(User, request.user)
    try:
        return _go_to(request, switch(request.session, person.workplaces, request.POST.get("business", "")))
    except UnknownBusiness as refusal:
        messages.error(request, shown(refusal))
    return HttpResponseRedirect(reverse("admin:index"))


def _go_to(request: HttpRequest, chosen: Membership) -> HttpResponse:
    """Not to the page of before: it may show a row of the other business."""
    messages.success(request, gettext("You work for %(business)s now.") % {"business": chosen.business})
    response = HttpResponseRedirect(reverse("admin:index"))
    keep_choice(response, chosen)
    return response


urlpatterns = [
    path("invitation/", invitation, name="invitation"),
    path("business/", own(switch_business), name="switch-business"),
]
