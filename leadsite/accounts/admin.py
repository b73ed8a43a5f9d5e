"""Businesses, their staff groups and their API keys."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from knox.models import get_digest_token
from knox.settings import CONSTANTS
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from leadsite.accounts.models import ApiKey, User


class NewUserForm(UserCreationForm):
    class Meta:
        model = User
        fields = ("email", "business_name")


class EditUserForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    form = EditUserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "business_name", "is_staff", "is_active", "created_at"]
    list_filter = ["is_staff", "is_active"]
    search_fields = ["email", "business_name"]
    ordering = ["email"]
    readonly_fields = ["created_at", "last_login"]
    fieldsets = [
        (None, {"fields": ["email", "business_name", "password"]}),
        ("Access", {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        ("Times", {"fields": ["last_login", "created_at"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "business_name", "usable_password", "password1", "password2"]})]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A business with leads cannot be deleted; untick "active" to lock it out."""
        return False


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    pass


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    """Keys are made here and shown once; deleting one revokes it at once."""

    list_display = ["beginning", "name", "user", "created", "expiry"]
    search_fields = ["name", "token_key", "user__email", "user__business_name"]
    list_select_related = ["user"]
    ordering = ["-created"]
    fields = ["user", "name", "expiry"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        keys = super().get_queryset(request)
        return keys if request.user.is_superuser else keys.filter(user=request.user)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["user"] if obj is not None else []

    def save_model(self, request: HttpRequest, obj: ApiKey, form: ModelForm[Any], change: bool) -> None:
        if not change:
            obj.digest, key = get_digest_token()
            obj.token_key = key[: CONSTANTS.TOKEN_KEY_LENGTH]
            messages.warning(request, f"The key, shown this once: {key}")
        super().save_model(request, obj, form, change)

    @admin.display(description="key", ordering="token_key")
    def beginning(self, key: ApiKey) -> str:
        return f"{key.token_key}…"
