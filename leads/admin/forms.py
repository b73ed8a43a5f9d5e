"""The admin's forms that add and change a lead."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from conversations.local_phone import read_typed
from conversations.models import NAME_MAX_LENGTH
from conversations.phone import PhoneInvalid
from leads.models import DETAILS_MAX_LENGTH, LOST_REASON_MAX_LENGTH, Lead
from leads.services.refusals import LeadRefused, log_failed_creation
from leads.services.rules import NewLead
from leads.services.status_order import check_status
from leadsite.accounts.business.places import country_of
from leadsite.adminkit.dates import check_moment
from leadsite.adminkit.owned import OwnedForm
from leadsite.languages.texts import shown


class DetailsField(forms.CharField):
    """Text of several lines: browsers submit line ends as \\r\\n."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


def details_field() -> DetailsField:
    widget = UnfoldAdminTextareaWidget(attrs={"rows": 5})
    help_text = _("What the customer wants.")
    return DetailsField(
        label=_("Details"), max_length=DETAILS_MAX_LENGTH, required=False, widget=widget, help_text=help_text
    )


class LeadForm(OwnedForm):
    """Changes a lead: its status follows leads/services/status_order.py, and a lost lead needs a reason."""

    details = details_field()
    lost_reason = DetailsField(
        label=_("Lost reason"),
        max_length=LOST_REASON_MAX_LENGTH,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=_("Required for a lost lead."),
    )

    class Meta:
        model = Lead
        fields = ["type", "details", "status", "lost_reason", "assigned_to", "follow_up_at"]

    def clean_follow_up_at(self) -> datetime | None:
        return check_moment(self.cleaned_data["follow_up_at"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "status" in cleaned:
            try:
                check_status(self.instance, cleaned)
            except LeadRefused as refusal:
                self.add_error(refusal.field if refusal.field in self.fields else None, shown(refusal.message))
        return cleaned


class NewLeadForm(forms.ModelForm[Lead]):
    """A new lead: the customer is found by the phone number, or created."""

    # The refusal of leads.services.create when this form was submitted, see LeadAdmin.changeform_view.
    refusal: LeadRefused | None = None
    # Of the person who types; None for an operator who works for none.
    business_id: UUID | None = None

    customer_phone = forms.CharField(
        label=_("Customer phone"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "+49 151 23456789", "inputmode": "tel"}),
        help_text=_("With the country code, or a local number of your country. Who has it gets the name below."),
    )
    customer_name = forms.CharField(
        label=_("Customer name"), max_length=NAME_MAX_LENGTH, widget=UnfoldAdminTextInputWidget
    )
    type = forms.ChoiceField(label=_("Type"), choices=Lead.Type.choices, widget=UnfoldAdminSelectWidget)
    details = details_field()
    status = forms.ChoiceField(
        label=_("Status"), choices=Lead.Status.choices, initial=Lead.Status.NEW, widget=UnfoldAdminSelectWidget
    )

    class Meta:
        model = Lead
        fields = ["user", "type", "details", "status"]

    def clean_customer_phone(self) -> str:
        try:
            return read_typed(self.cleaned_data["customer_phone"], country=self._country())
        except PhoneInvalid as error:
            raise forms.ValidationError(shown(error)) from error

    def _country(self) -> str:
        """That of the business: the person's, or the one that an operator has chosen, which is cleaned before."""
        chosen = self.cleaned_data.get("user")
        return country_of(chosen.pk if chosen else self.business_id)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.refusal:
            field = self.refusal.field if self.refusal.field in self.fields else None
            self.add_error(field, shown(self.refusal.message))
        return cleaned

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_bound and self.errors:
            log_failed_creation(
                source=Lead.Source.ADMIN,
                phone=self.data.get("customer_phone"),
                error=None,
                field=", ".join(self.errors),
            )

    def to_lead(self) -> NewLead:
        """The validated data for the service."""
        fields = ("customer_phone", "customer_name", "type", "details", "status")
        return NewLead(**{name: self.cleaned_data[name] for name in fields})
