"""The admin's forms for customers and conversations."""

from django import forms

from conversations.identity import PhoneInvalid, normalise
from conversations.models import Customer
from leadsite.accounts.admin_page import ChangedFields


class OwnedForm(ChangedFields):
    """Checks also the rules about fields that are not in the form: whose the row is, and which customer's."""

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc] # not in the stubs
        return excluded if self.instance._state.adding else excluded - {"user", "customer", "phone_key"}


class CustomerForm(OwnedForm):
    class Meta:
        model = Customer
        fields = ["name", "phone", "whatsapp_user_id"]

    def clean_phone(self) -> str | None:
        phone = self.cleaned_data["phone"]
        try:
            return normalise(phone) if phone else None
        except PhoneInvalid as error:
            raise forms.ValidationError(str(error)) from error
