"""Admin page of the people who work for a business. Invitations: invitation_admin.py."""

from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from leadsite.accounts.models import Membership, Rotation, User
from leadsite.accounts.people import services
from leadsite.accounts.second_factor.admin import SecondFactorReset
from leadsite.adminkit.changed_fields import ChangedFields
from leadsite.adminkit.owned import businesses_to_choose
from leadsite.adminkit.page import AdminPage
from leadsite.adminkit.values import badge, foreign, moment
from leadsite.adminkit.workplace import business_of, rows_of_business, sees_all
from leadsite.languages.texts import shown

ROLES = _("Owners manage everything, agents work with leads and chats, viewers read and change nothing.")


class OfBusiness(AdminPage):
    """Rows that belong to a business by the column `business`; operators see those of all."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return rows_of_business(request, super().get_queryset(request), "business").select_related("business")

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [*super().get_list_display(request), *(["business"] if sees_all(request) else [])]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return [name for name in super().get_fields(request, obj) if name != "business" or sees_all(request)]

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **options: Any) -> Any:
        options["queryset"] = businesses_to_choose(request)
        return super().formfield_for_foreignkey(db_field, request, **options)


class MembershipForm(ChangedFields):
    class Meta:
        model = Membership
        fields = ["role"]
        help_texts = {"role": ROLES}


@admin.register(Membership)
class MembershipAdmin(OfBusiness, SecondFactorReset):
    """Who works for a business. Somebody joins by an invitation; deleting a row ends the work, and not the login."""

    form = MembershipForm
    list_display = ["name", "email", "role_badge", "factor", "last_seen", "joined"]
    list_select_related = ["person", "business"]
    list_before_template = "accounts/people.html"
    change_form_outer_before_template = "accounts/person_of_business.html"
    search_fields = ["person__name", "person__email"]
    search_help_text = _("Name or e-mail")
    ordering = ["pk"]
    actions: list[Any] = []
    fields = ["name", "email", "role", "business", "factor", "last_seen", "joined"]
    readonly_fields = ["name", "email", "business", "factor", "last_seen", "joined"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.rotation)
        return [path("rotation/", view, name="accounts_membership_rotation"), *super().get_urls()]

    def person_of(self, row: Membership) -> User:
        return row.person

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "business__id__exact" or super().lookup_allowed(lookup, value, request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(person__is_active=True).select_related("person")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> Any:
        """None: people are removed one by one, so that each refusal is at its person."""
        return {}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        business_id = business_of(request)
        context = {
            "business_id": business_id,
            "rotates": business_id is not None and Rotation.objects.filter(business_id=business_id).exists(),
            "may_change": self.has_change_permission(request),
        }
        return super().changelist_view(request, context | (extra_context or {}))

    def rotation(self, request: HttpRequest) -> HttpResponse:
        """Switch on or off that new leads are assigned in turn."""
        business_id = business_of(request)
        if not self.has_change_permission(request) or business_id is None:
            raise PermissionDenied
        if request.method == "POST":
            on = request.POST.get("on") == "yes"
            services.set_rotation(business_id=business_id, on=on)
            words = (
                gettext("New leads are assigned to owners and agents in turn.")
                if on
                else gettext("New leads are assigned to nobody.")
            )
            messages.success(request, words)
        return self._to_list()

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        if "role" not in form.changed_data:
            return
        services.change_role(membership=obj, role=form.cleaned_data["role"], by=cast(UUID, request.user.pk))

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        services.remove_person(membership=obj, by=cast(UUID, request.user.pk))

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **options)
        except (services.LastOwner, services.UnknownPerson) as refusal:
            messages.error(request, shown(refusal))
            return HttpResponseRedirect(request.path)

    def delete_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        try:
            return super().delete_view(request, *args, **options)
        except (services.LastOwner, services.UnknownPerson) as refusal:
            messages.error(request, shown(refusal))
            return self._to_list()

    def _to_list(self) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:accounts_membership_changelist"))

    @admin.display(description=_("name"), ordering="person__name")
    def name(self, row: Membership) -> SafeString:
        return foreign(row.person.person_name)

    @admin.display(description=_("e-mail"), ordering="person__email")
    def email(self, row: Membership) -> SafeString:
        return foreign(row.person.email)

    @admin.display(description=_("role"), ordering="role")
    def role_badge(self, row: Membership) -> SafeString:
        return badge(row.get_role_display(), {"owner": "qualified", "agent": "active"}.get(row.role, ""))

    @admin.display(description=_("second factor"))
    def factor(self, row: Membership) -> SafeString:
        return moment(row.person.second_factor_at) if row.person.second_factor_at else SafeString(gettext("none"))

    @admin.display(description=_("last login"))
    def last_seen(self, row: Membership) -> SafeString:
        return moment(row.person.last_login)

    @admin.display(description=_("joined"), ordering="pk")
    def joined(self, row: Membership) -> SafeString:
        return moment(row.created_at)
