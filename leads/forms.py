"""The admin's form for a new lead."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from conversations.identity import PhoneInvalid, normalise
from conversations.models import NAME_MAX_LENGTH
from leads.models import DETAILS_MAX_LENGTH, Lead
from leads.services import NewLead
from leadsite.accounts.models import User


class NewLeadForm(forms.ModelForm[Lead]):
    """A lead by hand: the customer is found by the phone number, or made."""

    customer_phone = forms.CharField(
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "+49 151 23456789"}),
        help_text="International form. A customer with this number is found and takes the name below.",
    )
    customer_name = forms.CharField(max_length=NAME_MAX_LENGTH, widget=UnfoldAdminTextInputWidget)
    type = forms.ChoiceField(choices=Lead.Type.choices, widget=UnfoldAdminSelectWidget)
    details = forms.CharField(max_length=DETAILS_MAX_LENGTH, required=False, widget=UnfoldAdminTextareaWidget)
    status = forms.ChoiceField(choices=Lead.Status.choices, initial=Lead.Status.NEW, widget=UnfoldAdminSelectWidget)

    class Meta:
        model = Lead
        fields = ["user", "type", "details", "status"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "user" in self.fields:
            self.fields["user"].queryset = User.objects.filter(is_active=True)  # type: ignore[attr-defined]

    def clean_customer_phone(self) -> str:
        try:
            return normalise(self.cleaned_data["customer_phone"])
        except PhoneInvalid as error:
            raise forms.ValidationError(str(error)) from error

    def to_lead(self) -> NewLead:
        """The checked form for the service."""
        fields = ("customer_phone", "customer_name", "type", "details", "status")
        return NewLead(**{name: self.cleaned_data[name] for name in fields})
