"""WhatsApp numbers of the businesses. What was delivered for them: delivery_admin.py."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminPasswordWidget

from conversations.forms import OwnedForm
from conversations.owned_admin import OwnedAdmin
from whatsapp.delivery_admin import DeliveryAdmin
from whatsapp.delivery_advice import waiting_for
from whatsapp.encryption import SecretUnreadable, encrypt
from whatsapp.models import PHONE_NUMBER_ID_MAX_LENGTH, Channel, WebhookDelivery


class ChannelForm(OwnedForm):
    access_token = forms.CharField(
        required=False,
        strip=True,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text="Stored encrypted and never shown again. Leave empty to keep the stored one.",
    )

    class Meta:
        model = Channel
        fields = ["user", "provider", "phone_number_id", "display_number", "active"]

    def clean_access_token(self) -> str:
        """The token as it will be stored."""
        token: str = self.cleaned_data["access_token"]
        try:
            return encrypt(token) if token else ""
        except SecretUnreadable as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(Channel)
class ChannelAdmin(OwnedAdmin):
    form = ChannelForm
    list_display = ["__str__", "phone_number_id", "provider", "has_token", "active"]
    list_filter = ["provider", "active"]
    search_fields = ["phone_number_id", "display_number", "user__email", "user__business_name"]
    search_help_text = "Number, its id, or business"
    ordering = ["-pk"]
    fields = ["user", "provider", "phone_number_id", "display_number", "access_token", "has_token", "active", "waiting"]
    readonly_fields = ["has_token", "waiting"]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        # A body may hold other businesses' customers, so deliveries are for operators.
        hidden: set[str] = set() if request.user.is_superuser else {"waiting"}
        hidden |= set() if obj else {"has_token", "waiting"}
        return [name for name in super().get_fields(request, obj) if name not in hidden]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The two fields that the page of an unrouted delivery fills in, as far as they can be meant."""
        number, provider = (request.GET.get(name, "") for name in ("phone_number_id", "provider"))
        typed = super().get_changeform_initial_data(request)
        if 0 < len(number) <= PHONE_NUMBER_ID_MAX_LENGTH and number.isprintable():
            typed["phone_number_id"] = number
        if provider in Channel.Provider.values:
            typed["provider"] = provider
        return typed

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool) -> None:
        if token := form.cleaned_data.get("access_token"):
            obj.encrypted_access_token = token
        super().save_model(request, obj, form, change)

    def changed_columns(self, obj: Any, form: forms.ModelForm[Any]) -> set[str]:
        token = {"encrypted_access_token"} if "access_token" in form.changed_data else set()
        return super().changed_columns(obj, form) | token

    @admin.display(description="token stored", boolean=True)
    def has_token(self, channel: Channel) -> bool:
        return bool(channel.encrypted_access_token)

    @admin.display(description="unrouted deliveries")
    def waiting(self, channel: Channel) -> SafeString:
        return waiting_for(channel)


admin.site.register(WebhookDelivery, DeliveryAdmin)
