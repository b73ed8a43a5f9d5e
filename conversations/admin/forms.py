"""The admin's forms for customers and conversations."""

from django import forms

from conversations.local_phone import read_typed
from conversations.models import Customer
from conversations.phone import PhoneInvalid
from conversations.visible_text import visible_text
from leadsite.accounts.business.places import country_of
from leadsite.adminkit.owned import OwnedForm
from leadsite.languages.texts import shown


class CustomerForm(OwnedForm):
    class Meta:
        model = Customer
        fields = ["name", "phone", "whatsapp_user_id"]

    def clean_name(self) -> str:
        return visible_text(self.cleaned_data["name"])

    def clean_phone(self) -> str | None:
        phone = self.cleaned_data["phone"]
        try:
            return read_typed(phone, country=country_of(self.instance.user_id)) if phone else None
        except PhoneInvalid as error:
            raise forms.ValidationError(shown(error)) from error
