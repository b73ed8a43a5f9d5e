"""Admin pages for businesses, groups and API keys."""

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import ForeignKey, ManyToManyField, Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from leadsite.accounts.models import ApiKey, LoginAttempt, User, all_scopes
from leadsite.accounts.second_factor.admin import SecondFactorReset
from leadsite.accounts.services import STAFF_GROUP, give_staff_a_business, replace_api_key, store_new_key
from leadsite.accounts.sessions.admin import SessionAdmin
from leadsite.adminkit.page import AdminPage, ChangedFields, OperatorsOnly
from leadsite.adminkit.values import moment
from leadsite.adminkit.workplace import business_of, rows_of_business
from leadsite.core import clock

__all__ = ["ApiKeyAdmin", "GroupAdmin", "LoginAttemptAdmin", "SessionAdmin", "UserAdmin"]


class NewUserForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("email", "business_name")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        login = self.fields["usable_password"]
        login.label = "Login"
        login.help_text = "A business that only sends leads to the API needs an API key and no login."
        login.choices = login.widget.choices = [("true", "With a password"), ("false", "None")]


class EditUserForm(UserChangeForm, ChangedFields):
    class Meta:
        model = User
        fields = "__all__"
        help_texts = {
            "is_staff": "A login that works for no business becomes the owner of its own.",
            "groups": f"What owners may do, as a rule “{STAFF_GROUP}”. Agents and viewers have what their role gives.",
            "is_superuser": "Sees and changes the rows of every business, and these pages.",
        }


@admin.register(User)
class UserAdmin(OperatorsOnly, DjangoUserAdmin, SecondFactorReset):  # type: ignore[type-arg] # generic in the stubs only
    form = EditUserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["business", "email", "is_staff", "is_active", "factor", "created"]
    list_filter = ["is_staff", "is_active"]
    search_fields = ["email", "business_name"]
    search_help_text = "Name or e-mail"
    ordering = ["-pk"]
    filter_horizontal = []
    readonly_fields = ["created", "last_seen", "factor"]
    fieldsets = [
        (None, {"fields": ["email", "business_name", "password"]}),
        ("Access", {"fields": ["is_active", "is_staff", "groups", "is_superuser", "factor"]}),
        ("Times", {"fields": ["last_seen", "created"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "business_name", "usable_password", "password1", "password2"]})]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A business with leads cannot be deleted; untick "active" to lock it out."""
        return False

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **options: Any
    ) -> Any:
        options |= {"widget": UnfoldAdminCheckboxSelectMultipleWidget(), "help_text": ""}
        return super().formfield_for_manytomany(db_field, request, **options)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        give_staff_a_business(user=form.instance)

    @admin.display(description="business", ordering="business_name")
    def business(self, user: User) -> str:
        return str(user)

    @admin.display(description="second factor", ordering="second_factor_at")
    def factor(self, user: User) -> SafeString:
        return moment(user.second_factor_at) if user.second_factor_at else SafeString("none")

    @admin.display(description="last login")
    def last_seen(self, user: User) -> SafeString:
        return moment(user.last_login)


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(OperatorsOnly, DjangoGroupAdmin, AdminPage):
    form = ChangedFields
    filter_horizontal = []

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest | None = None, **options: Any
    ) -> Any:
        # Only models with an admin page need permissions.
        shown = ContentType.objects.get_for_models(*admin.site._registry).values()
        permissions = Permission.objects.filter(content_type__in=shown).select_related("content_type")
        options |= {"widget": UnfoldAdminCheckboxSelectMultipleWidget(), "queryset": permissions, "help_text": ""}
        return super().formfield_for_manytomany(db_field, request, **options)


@admin.register(LoginAttempt)
class LoginAttemptAdmin(OperatorsOnly, AdminPage):
    """Accounts and addresses that have used up the attempts to log in. Deleting a row ends the wait."""

    list_display = ["account", "address", "what", "used", "waits"]
    search_fields = ["account", "address"]
    search_help_text = "Beginning and host of an e-mail, or address"
    ordering = ["-until"]
    fields = ["account", "address", "what", "used", "waits"]
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description="counted")
    def what(self, row: LoginAttempt) -> str:
        return row.counted

    @admin.display(description="attempts")
    def used(self, row: LoginAttempt) -> str:
        return f"{row.attempts} of {row.allowed}"

    @admin.display(description="waits", ordering="until")
    def waits(self, row: LoginAttempt) -> SafeString:
        if row.until <= clock.now():
            return SafeString("no longer")
        return moment(row.until) if row.attempts >= row.allowed else SafeString("no")


class ApiKeyForm(ChangedFields):
    scopes = forms.MultipleChoiceField(
        choices=ApiKey.Scope.choices,
        initial=all_scopes,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="What the program that uses this key may do.",
    )

    class Meta:
        model = ApiKey
        fields = ["user", "name", "scopes", "expiry"]
        labels = {"user": "Business", "expiry": "Expires"}
        help_texts = {"expiry": "If empty, the key does not expire."}


@admin.register(ApiKey)
class ApiKeyAdmin(AdminPage):
    """Creates keys, each shown once. Deleting a key revokes it within a second."""

    form = ApiKeyForm
    actions = ["replace"]
    list_display = ["prefix", "name", "business", "scope_names", "last_used", "created_at", "expires"]
    search_fields = ["name", "token_key", "user__email", "user__business_name"]
    search_help_text = "Name, beginning of the key, or business"
    list_select_related = ["user"]
    ordering = ["-created"]
    fields = ["user", "name", "scopes", "expiry"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return rows_of_business(request, super().get_queryset(request))

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["user", "name", "scopes", "expiry"] if request.user.is_superuser else ["name", "scopes", "expiry"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["user"] if obj is not None else []

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **options: Any) -> Any:
        options["queryset"] = User.objects.filter(is_active=True).order_by("business_name", "email")
        return super().formfield_for_foreignkey(db_field, request, **options)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm[Any], change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        if not request.user.is_superuser:
            obj.user_id = cast(UUID, business_of(request))
        self.show_key(request, store_new_key(key=obj))

    def has_replace_permission(self, request: HttpRequest) -> bool:
        """Requires both permissions: of several that an action names, Django requires only one."""
        return self.has_add_permission(request) and self.has_delete_permission(request)

    @admin.action(description="Replace with a new key", permissions=["replace"])
    def replace(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Revoke the selected keys and show their replacements; programs that use an old key get 401."""
        for key in queryset.select_related("user"):
            old = str(key.token_key)
            self.show_key(request, replace_api_key(key=key), f"{old}… is revoked. ")

    @staticmethod
    def show_key(request: HttpRequest, key: str, before: str = "") -> None:
        text = '{}Copy the key now, it is not shown again: <code class="break-words select-all">{}</code>'
        messages.warning(request, format_html(text, before, key))

    @admin.display(description="key", ordering="token_key")
    def prefix(self, key: ApiKey) -> str:
        return f"{key.token_key}…"

    @admin.display(description="business", ordering="user__business_name")
    def business(self, key: ApiKey) -> str:
        return str(key.user)

    @admin.display(description="scopes")
    def scope_names(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.display(description="last used", ordering="last_used_at")
    def last_used(self, key: ApiKey) -> SafeString:
        return moment(key.last_used_at) if key.last_used_at else SafeString("never")

    @admin.display(description="created", ordering="created")
    def created_at(self, key: ApiKey) -> SafeString:
        return moment(key.created)

    @admin.display(description="expires", ordering="expiry")
    def expires(self, key: ApiKey) -> str:
        return moment(key.expiry) if key.expiry else "never"
