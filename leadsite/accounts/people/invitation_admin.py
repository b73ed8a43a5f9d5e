"""Admin page of invitations."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from leadsite.accounts.logins import LoginRefused, count_attempt
from leadsite.accounts.models import Invitation
from leadsite.accounts.passwords.services import can_mail
from leadsite.accounts.people import invitations
from leadsite.accounts.people.admin import ROLES, OfBusiness
from leadsite.accounts.wait_page import wait_page
from leadsite.adminkit.changed_fields import ChangedFields
from leadsite.adminkit.owned import owner_of
from leadsite.adminkit.values import badge, foreign, moment
from leadsite.adminkit.workplace import business_of, sees_all
from leadsite.core import clock
from leadsite.languages.texts import shown


class InvitationForm(ChangedFields):
    """A new invitation; of one that exists nothing is changed."""

    # Of the person, where no operator chooses the business.
    own_business: UUID | None = None

    class Meta:
        model = Invitation
        fields = ["business", "email", "role"]
        help_texts = {"role": ROLES}

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        business = cleaned.get("business")
        business_id = business.pk if business else self.own_business
        if business_id and "email" in cleaned:
            self.instance.business_id = business_id
            try:
                invitations.check_new(business_id=business_id, email=cleaned["email"])
            except invitations.InvitationRefused as refusal:
                self.add_error("email", shown(refusal))
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        """Also checks that the business has no other invitation for this e-mail."""
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc] # django-stubs omit it
        # Not where the e-mail is invalid: then `clean` has not set the business, which owners have no field for.
        return excluded - {"business"} if self.instance.business_id else excluded


@admin.register(Invitation)
class InvitationAdmin(OfBusiness):
    """Open invitations. Deleting one revokes it. For people who may change who works for the business."""

    form = InvitationForm
    list_display = ["address", "role", "state", "by", "sent"]
    list_select_related = ["business", "invited_by"]
    list_before_template = "accounts/invitations.html"
    change_form_outer_before_template = "accounts/invitation_link.html"
    search_fields = ["email"]
    ordering = ["-pk"]
    fields = ["business", "email", "role"]
    add_title = _("Invite somebody")

    class Media:
        js = ("leadsite/copy.js",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.resend)
        return [path("<path:object_id>/resend/", view, name="accounts_invitation_resend"), *super().get_urls()]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("accounts.change_membership")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return super().get_fields(request, obj) if obj is None else ["address", "role", "state", "by", "sent"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["address", "state", "by", "sent"] if obj is not None else []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form = super().get_form(request, obj, change=change, **options)
        form.own_business = None if sees_all(request) else business_of(request)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        own = business_of(request)
        return {"business": own} if own and sees_all(request) else {}

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **options)
        except LoginRefused as refused:
            return wait_page(refused)

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        """Raises LoginRefused where this address was sent too many."""
        count_attempt(request, obj.email, kind="invitation ")
        obj.business_id = owner_of(request, form, "business")
        obj.invited_by_id = request.user.pk
        invitations.renew(obj)
        obj.save(force_insert=True)
        invitations.send_soon(obj)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        messages.success(request, _sent_words(obj))
        return _to_page(obj)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Any = None, **options: Any
    ) -> HttpResponse:
        if isinstance(obj, Invitation):
            # A mailed link proves that the address is the person's who opens it: so it is shown to no one else.
            link = "" if can_mail() else request.build_absolute_uri(invitations.link_of(obj))
            context |= {"link": link, "valid": obj.expires_at > clock.now()}
        return super().render_change_form(request, context, *args, obj=obj, **options)

    def resend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make a new link, in place of the one of before."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self.get_object(request, object_id)
        if found is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if request.method == "POST":
            try:
                count_attempt(request, found.email, kind="invitation ")
            except LoginRefused as refused:
                return wait_page(refused)
            invitations.resend(invitation=found)
            messages.success(request, _sent_words(found))
        return _to_page(found)

    @admin.display(description=_("e-mail"), ordering="email")
    def address(self, row: Invitation) -> SafeString:
        return foreign(row.email)

    @admin.display(description=_("state"), ordering="expires_at")
    def state(self, row: Invitation) -> SafeString:
        if row.expires_at <= clock.now():
            return badge(pgettext("an invitation", "Expired"), "failed")
        return format_html(gettext("Open until {}"), moment(row.expires_at))

    @admin.display(description=_("invited by"))
    def by(self, row: Invitation) -> SafeString:
        return foreign(row.invited_by.person_name if row.invited_by else self.empty_value_display)

    @admin.display(description=_("made"), ordering="pk")
    def sent(self, row: Invitation) -> SafeString:
        return moment(row.created_at)


def _sent_words(invitation: Invitation) -> str:
    if can_mail():
        return gettext("The invitation is on its way to %(email)s.") % {"email": invitation.email}
    return gettext("The invitation of %(email)s is ready: copy its link and pass it on.") % {"email": invitation.email}


def _to_page(invitation: Invitation) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:accounts_invitation_change", args=[invitation.pk]))
