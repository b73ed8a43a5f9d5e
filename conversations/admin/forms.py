"""The admin's forms for customers and conversations."""

from django import forms

from conversations.models import Customer
from conversations.phone import PhoneInvalid, normalise
from conversations.visible_text import visible_text
from leadsite.adminkit.owned import OwnedForm


class CustomerForm(OwnedForm):
    class Meta:
        model = Customer
        fields = ["name", "phone", "whatsapp_user_id"]

    def clean_name(self) -> str:
        return visible_text(self.cleaned_data["name"])

    def clean_phone(self) -> str | None:
        phone = self.cleaned_data["phone"]
        try:
            return normalise(phone) if phone else None
        except PhoneInvalid as error:
            raise forms.ValidationError(str(error)) from error
