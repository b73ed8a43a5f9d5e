"""Admin page of API keys."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from leadsite.accounts.models import ApiKey, all_scopes
from leadsite.accounts.services import NotOneKey, replace_api_key, store_new_key
from leadsite.adminkit.changed_fields import ChangedFields
from leadsite.adminkit.dates import check_moment
from leadsite.adminkit.owned import businesses_to_choose, owner_of
from leadsite.adminkit.page import AdminPage
from leadsite.adminkit.values import moment
from leadsite.adminkit.workplace import rows_of_business, sees_all


class ApiKeyForm(ChangedFields):
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=ApiKey.Scope.choices,
        initial=all_scopes,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("What the program that uses this key may do."),
    )

    class Meta:
        model = ApiKey
        fields = ["user", "name", "scopes", "expiry"]
        labels = {"user": _("Business"), "name": _("Name"), "expiry": _("Expires")}
        help_texts = {"expiry": _("If empty, the key does not expire.")}

    def clean_expiry(self) -> datetime | None:
        return check_moment(self.cleaned_data["expiry"])


@admin.register(ApiKey)
class ApiKeyAdmin(AdminPage):
    """Creates keys, each shown once. Deleting a key revokes it within a second."""

    form = ApiKeyForm
    actions = ["replace"]
    list_display = ["prefix", "name", "business", "scope_names", "last_used", "created_at", "expires"]
    search_fields = ["name", "token_key", "user__email", "user__business_name"]
    search_help_text = _("Name, beginning of the key, or business")
    list_select_related = ["user"]
    ordering = ["-created"]
    fields = ["user", "name", "scopes", "expiry"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return rows_of_business(request, super().get_queryset(request))

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["user", "name", "scopes", "expiry"] if sees_all(request) else ["name", "scopes", "expiry"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["user"] if obj is not None else []

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **options: Any) -> Any:
        options["queryset"] = businesses_to_choose(request)
        return super().formfield_for_foreignkey(db_field, request, **options)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm[Any], change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        obj.user_id = owner_of(request, form)
        self.show_key(request, store_new_key(key=obj))

    def has_replace_permission(self, request: HttpRequest) -> bool:
        """Requires both permissions: of several that an action names, Django requires only one."""
        return self.has_add_permission(request) and self.has_delete_permission(request)

    @admin.action(description=_("Replace with a new key"), permissions=["replace"])
    def replace(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """Revoke the selected keys and show their replacements; programs that use an old key get 401."""
        for key in queryset.select_related("user"):
            old = str(key.token_key)
            revoked = gettext("%(old)s… is revoked.") % {"old": old}
            try:
                self.show_key(request, replace_api_key(key=key), revoked)
            except NotOneKey:
                messages.warning(request, revoked)  # by somebody else, who has its replacement

    @staticmethod
    def show_key(request: HttpRequest, key: str, before: str = "") -> None:
        text = gettext("Copy the key now, it is not shown again:")
        code = format_html('<code class="break-words select-all">{}</code>', key)
        messages.warning(request, format_html("{} {} {}" if before else "{}{} {}", before, text, code))

    @admin.display(description=_("key"), ordering="token_key")
    def prefix(self, key: ApiKey) -> str:
        return f"{key.token_key}…"

    @admin.display(description=_("business"), ordering="user__business_name")
    def business(self, key: ApiKey) -> str:
        return str(key.user)

    @admin.display(description=_("scopes"))
    def scope_names(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.display(description=_("last used"), ordering="last_used_at")
    def last_used(self, key: ApiKey) -> SafeString:
        return moment(key.last_used_at) if key.last_used_at else SafeString(gettext("never"))

    @admin.display(description=_("created"), ordering="created")
    def created_at(self, key: ApiKey) -> SafeString:
        return moment(key.created)

    @admin.display(description=_("expires"), ordering="expiry")
    def expires(self, key: ApiKey) -> str:
        return moment(key.expiry) if key.expiry else gettext("never")
