"""WhatsApp numbers of the businesses."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminPasswordWidget

from conversations.admin import OwnedAdmin
from whatsapp.encryption import SecretUnreadable, encrypt
from whatsapp.models import Channel


class ChannelForm(forms.ModelForm[Channel]):
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
        token: str = self.cleaned_data["access_token"]
        try:
            return encrypt(token) if token else ""
        except SecretUnreadable as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(Channel)
class ChannelAdmin(OwnedAdmin):
    form = ChannelForm
    list_display = ["__str__", "user", "provider", "phone_number_id", "active"]
    list_filter = ["provider", "active"]
    list_select_related = ["user"]
    search_fields = ["phone_number_id", "display_number", "user__email", "user__business_name"]
    ordering = ["-id"]
    fields = ["user", "provider", "phone_number_id", "display_number", "access_token", "active"]

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool) -> None:
        if form.cleaned_data["access_token"]:
            obj.encrypted_access_token = form.cleaned_data["access_token"]
        obj.save()
