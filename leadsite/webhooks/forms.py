"""The admin's form of a webhook endpoint."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from leadsite.adminkit.owned import OwnedForm
from leadsite.languages.texts import shown
from leadsite.webhooks.addresses import AddressRefused, check_url
from leadsite.webhooks.headers import HeaderRefused, check_headers, merged
from leadsite.webhooks.models import DESCRIPTION_MAX_LENGTH, WebhookEndpoint


class EndpointForm(OwnedForm):
    url = forms.CharField(
        label=_("URL"), widget=UnfoldAdminTextInputWidget, help_text=_("https://…: receives the events.")
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=DESCRIPTION_MAX_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("What receives the events."),
    )
    events = forms.MultipleChoiceField(
        label=_("Events"), choices=WebhookEndpoint.Event.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    headers = forms.CharField(
        label=_("Headers"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )

    class Meta:
        model = WebhookEndpoint
        fields = ["user", "url", "description", "events", "active"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "headers" in self.fields:
            self.fields["headers"].help_text = _headers_help(self.instance.header_names)

    def clean_url(self) -> str:
        try:
            return check_url(self.cleaned_data["url"])
        except AddressRefused as error:
            raise forms.ValidationError(shown(error)) from error

    def clean_headers(self) -> dict[str, str | None]:
        """Lines such as `X-Token: abc`; a name without a value removes the header."""
        lines = [line for line in self.cleaned_data["headers"].splitlines() if line.strip()]
        if any(":" not in line for line in lines):
            raise forms.ValidationError(gettext("Write each header on a line of its own, as Name: value."))
        parts = [line.partition(":") for line in lines]
        try:
            if len({name.strip().lower() for name, _, _ in parts}) < len(parts):
                raise HeaderRefused(gettext("A header is given twice."))
            changes = check_headers({name.strip(): value.strip() or None for name, _, value in parts})
            merged(dict.fromkeys(self.instance.header_names, ""), changes)
        except HeaderRefused as error:
            raise forms.ValidationError(shown(error)) from error
        return changes


def _headers_help(names: list[str]) -> str:
    how = gettext("Headers of your own, such as a token for your gateway: one on a line, as Name: value.")
    if not names:
        return gettext("%(how)s Values are stored encrypted and not shown again.") % {"how": how}
    return gettext(
        "Present: %(value)s; values are not shown. %(how)s A name that is not given stays, “Name:” "
        "without a value removes one. A URL with another host removes all that are not given again."
    ) % {"value": ", ".join(names), "how": how}
