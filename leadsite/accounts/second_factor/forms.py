"""Forms of the second factor's pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

CODE = {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false", "maxlength": "40"}


class CodeForm(forms.Form):
    """At the login."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(CODE | {"autofocus": ""}),
        help_text=_("The six digits that your authenticator app shows now, or one of your recovery codes."),
    )


class SetUpForm(forms.Form):
    """Proves that the app has the secret; in the account's page also that it is the person who sits there."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(CODE | {"inputmode": "numeric"}),
        help_text=_("The six digits that the app shows now."),
    )
    password = forms.CharField(
        label=_("Your password"),
        max_length=4096,
        strip=False,
        widget=UnfoldAdminPasswordWidget({"autocomplete": "current-password"}),
    )

    def __init__(self, *arguments: Any, at_login: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if at_login:
            del self.fields["password"]


class ConfirmForm(forms.Form):
    proof = forms.CharField(
        label=_("Your password or a code"),
        max_length=4096,
        strip=False,
        widget=UnfoldAdminPasswordWidget({"autocomplete": "current-password"}),
    )
