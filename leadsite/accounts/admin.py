"""Admin pages of operators: businesses, people, groups and failed logins."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, ManyToManyField, Model, OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from leadsite.accounts.keys.admin import ApiKeyAdmin
from leadsite.accounts.models import LoginAttempt, Membership, Person, User
from leadsite.accounts.people.admin import MembershipAdmin
from leadsite.accounts.people.invitation_admin import InvitationAdmin
from leadsite.accounts.people.services import release_work_of
from leadsite.accounts.second_factor.admin import SecondFactorReset
from leadsite.accounts.services import STAFF_GROUP, give_staff_a_business
from leadsite.accounts.sessions.admin import SessionAdmin
from leadsite.adminkit.changed_fields import ChangedFields
from leadsite.adminkit.page import AdminPage, OperatorsOnly
from leadsite.adminkit.values import moment
from leadsite.core import clock
from leadsite.languages.texts import filled, inside, shown

__all__ = [
    "ApiKeyAdmin",
    "GroupAdmin",
    "InvitationAdmin",
    "LoginAttemptAdmin",
    "MembershipAdmin",
    "PersonAdmin",
    "SessionAdmin",
    "UserAdmin",
]


class NewUserForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("email", "business_name")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        login = self.fields["usable_password"]
        login.label = gettext("Login")
        login.help_text = gettext("A business that only sends leads to the API needs an API key and no login.")
        login.choices = login.widget.choices = [("true", gettext("With a password")), ("false", gettext("None"))]


class EditUserForm(UserChangeForm, ChangedFields):
    class Meta:
        model = User
        fields = "__all__"
        help_texts = {
            "is_staff": _("A login that works for no business becomes the owner of its own."),
            "groups": filled(
                _("What owners may do, as a rule “%(staff_group)s”. Agents and viewers have what their role gives."),
                staff_group=STAFF_GROUP,
            ),
            "is_superuser": _("Sees and changes the rows of every business, and these pages."),
        }


@admin.register(User)
class UserAdmin(OperatorsOnly, DjangoUserAdmin, SecondFactorReset):  # type: ignore[type-arg] # generic in the stubs only
    form = EditUserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["business", "email", "people", "is_active", "created"]
    list_filter = ["is_active"]
    list_before_template = "accounts/businesses.html"
    search_fields = ["email", "business_name"]
    search_help_text = _("Name or e-mail")
    ordering = ["-pk"]
    filter_horizontal = []
    readonly_fields = ["created", "last_seen", "factor", "people"]
    fieldsets = [
        (None, {"fields": ["email", "business_name", "password", "people"]}),
        (_("Where it is"), {"fields": ["country", "time_zone"]}),
        (_("Access"), {"fields": ["is_active", "is_staff", "groups", "is_superuser", "factor"]}),
        (_("Times"), {"fields": ["last_seen", "created"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "business_name", "usable_password", "password1", "password2"]})]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # Counted by a subquery: a join would repeat the businesses.
        members = Membership.objects.filter(business=OuterRef("pk")).order_by().values("business")
        rows = super().get_queryset(request).annotate(members=Subquery(members.annotate(n=Count("pk")).values("n")))
        return rows.filter(pk__in=User.objects.businesses().values("pk"))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A business with leads cannot be deleted; untick "active" to lock it out."""
        return False

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **options: Any
    ) -> Any:
        options |= {"widget": UnfoldAdminCheckboxSelectMultipleWidget(), "help_text": ""}
        return super().formfield_for_manytomany(db_field, request, **options)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and "is_active" in form.changed_data and not obj.is_active:
            # First, as who accepts an invitation: that locks it, and then the business, which may be this login.
            release_work_of(person_id=obj.pk)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        give_staff_a_business(user=form.instance)

    @admin.display(description=_("business"), ordering="business_name")
    def business(self, user: User) -> str:
        return str(user)

    @admin.display(description=_("people"), ordering="members")
    def people(self, user: Any) -> SafeString:
        count = user.members or 0
        words = (
            ngettext("%(count)s person", "%(count)s people", count) % {"count": count} if count else gettext("nobody")
        )
        address = reverse("admin:accounts_membership_changelist", query={"business__id__exact": str(user.pk)})
        return format_html('<a href="{}" class="text-link">{}</a>', address, words)

    @admin.display(description=_("second factor"), ordering="second_factor_at")
    def factor(self, user: User) -> SafeString:
        return moment(user.second_factor_at) if user.second_factor_at else SafeString(gettext("none"))

    @admin.display(description=_("last login"))
    def last_seen(self, user: User) -> SafeString:
        return moment(user.last_login)


class EditPersonForm(EditUserForm):
    class Meta(EditUserForm.Meta):
        model = Person


class NewPersonForm(NewUserForm):
    class Meta:
        model = Person
        fields = ("email", "name")


@admin.register(Person)
class PersonAdmin(UserAdmin):
    """The logins of people, whatever they work for. Who works for a business: MembershipAdmin."""

    form = EditPersonForm
    add_form = NewPersonForm
    list_display = ["person", "email", "works_for", "is_active", "factor", "last_seen"]
    list_filter = ["is_active", "is_superuser"]
    list_before_template = "accounts/persons.html"
    search_fields = ["email", "name"]
    readonly_fields = ["created", "last_seen", "factor", "works_for"]
    fieldsets = [
        (None, {"fields": ["email", "name", "password", "works_for"]}),
        (_("Access"), {"fields": ["is_active", "is_superuser", "factor"]}),
        (_("Times"), {"fields": ["last_seen", "created"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "usable_password", "password1", "password2"]})]

    def get_urls(self) -> list[URLPattern]:
        """With names of their own for the pages that UserAdmin adds to Django's."""
        names = {"auth_user_password_change": "accounts_person_password"}
        urls = super().get_urls()
        return [path(str(url.pattern), url.callback, name=names.get(url.name or "", url.name)) for url in urls]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        people = AdminPage.get_queryset(self, request).filter(pk__in=User.objects.people().values("pk"))
        return people.prefetch_related(Prefetch("memberships", Membership.objects.select_related("business")))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.is_staff = True
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        AdminPage.save_related(self, request, form, formsets, change)

    @admin.display(description=_("person"), ordering="name")
    def person(self, user: User) -> str:
        return user.person_name

    @admin.display(description=_("works for"))
    def works_for(self, user: User) -> SafeString:
        works = [(f"{one.business}, {inside(one.get_role_display())}",) for one in user.memberships.all()]
        works += [(gettext("all businesses, as an operator"),)] if user.is_superuser else []
        return format_html_join(SafeString("<br>"), "{}", works) or SafeString("nobody")


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(OperatorsOnly, DjangoGroupAdmin, AdminPage):
    form = ChangedFields
    filter_horizontal = []

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest | None = None, **options: Any
    ) -> Any:
        # Only models with an admin page need permissions.
        have_pages = ContentType.objects.get_for_models(*admin.site._registry).values()
        permissions = Permission.objects.filter(content_type__in=have_pages).select_related("content_type")
        options |= {"widget": UnfoldAdminCheckboxSelectMultipleWidget(), "queryset": permissions, "help_text": ""}
        field: Any = super().formfield_for_manytomany(db_field, request, **options)
        field.label_from_instance = lambda one: f"{one.content_type.app_labeled_name} | {shown(one.name)}"
        return field


@admin.register(LoginAttempt)
class LoginAttemptAdmin(OperatorsOnly, AdminPage):
    """Accounts and addresses that have used up the attempts to log in. Deleting a row ends the wait."""

    list_display = ["account", "address", "what", "used", "waits"]
    search_fields = ["account", "address"]
    search_help_text = _("Beginning and host of an e-mail, or address")
    ordering = ["-until"]
    fields = ["account", "address", "what", "used", "waits"]
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description=_("counted"))
    def what(self, row: LoginAttempt) -> str:
        return row.counted

    @admin.display(description=_("attempts"))
    def used(self, row: LoginAttempt) -> str:
        return gettext("%(attempts)s of %(allowed)s") % {"attempts": row.attempts, "allowed": row.allowed}

    @admin.display(description=_("waits until"), ordering="until")
    def waits(self, row: LoginAttempt) -> SafeString:
        if row.until <= clock.now():
            return SafeString(gettext("no longer"))
        return moment(row.until) if row.attempts >= row.allowed else SafeString(gettext("no"))
