"""Admin of channels, the WhatsApp numbers of businesses. Deliveries and replies: deliveries.py, replies.py."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop, pgettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordWidget

from leadsite.adminkit.owned import OwnedForm
from leadsite.adminkit.values import badge
from leadsite.adminkit.workplace import sees_all
from leadsite.audit.timeline import AuditedAdmin
from leadsite.core.encryption import SecretUnreadable, encrypt
from leadsite.languages.texts import shown
from whatsapp.admin.account_events import present_state
from whatsapp.admin.alerts import describe_stop
from whatsapp.admin.delivery_advice import waiting_for
from whatsapp.admin.set_up import SetUpPages
from whatsapp.channels import release_messages, resume_channel
from whatsapp.models import PHONE_NUMBER_ID_MAX_LENGTH, Channel, ChannelInvalid, check_secret, check_token, number_key


class ChannelForm(OwnedForm):
    access_token = forms.CharField(
        label=_("Access token"),
        required=False,
        strip=True,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text=_(
            "Stored encrypted and never shown again. Leave empty to keep the stored one. At Twilio:"
            " account sid, colon, auth token."
        ),
    )

    app_secret = forms.CharField(
        label=_("App secret"),
        required=False,
        strip=True,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text=_(
            "What Meta signs deliveries to this number with: in the app, App settings, Basic. Stored encrypted"
            " and never shown again. Leave empty to keep the stored one; without one WHATSAPP_APP_SECRETS"
            " counts. Twilio signs with the auth token, so it is needed there only if the token is an API key."
        ),
    )

    # Whether an owner fills in the form, and not an operator: see ChannelAdmin.get_form.
    needs_secret = False

    class Meta:
        model = Channel
        fields = ["user", "provider", "phone_number_id", "display_number", "waba_id", "active"]

    def clean(self) -> dict[str, Any]:
        """A number, or account, without secrets of its own is signed for by those of the operator, whosever it is.
        Without an account, events of Meta's find the number by its digits.
        """
        cleaned = super().clean()
        twilio = cleaned.get("provider", self.instance.provider) == Channel.Provider.TWILIO
        digits = "" if twilio else number_key(cleaned.get("display_number", ""))
        needed = {"phone_number_id", "provider"} & set(self.changed_data) or cleaned.get("waba_id")
        if self.needs_secret and (needed or digits not in ("", number_key(self.instance.display_number))):
            name = "access_token" if twilio else "app_secret"
            if not cleaned.get(name) and not getattr(self.instance, f"encrypted_{name}") and name not in self.errors:
                self.add_error(name, gettext("Enter this too: it shows that the number belongs to you."))
        return cleaned

    def clean_access_token(self) -> str:
        """Return the token encrypted, as it will be stored."""
        token: str = self.cleaned_data["access_token"]
        try:
            return encrypt(check_token(token)) if token else ""
        except (ChannelInvalid, SecretUnreadable) as error:
            raise forms.ValidationError(shown(error)) from error

    def clean_app_secret(self) -> str:
        """Return the secret encrypted, as it will be stored."""
        secret: str = self.cleaned_data["app_secret"]
        try:
            return encrypt(check_secret(secret)) if secret else ""
        except (ChannelInvalid, SecretUnreadable) as error:
            raise forms.ValidationError(shown(error)) from error


@admin.register(Channel)
class ChannelAdmin(SetUpPages, AuditedAdmin):
    form = ChannelForm
    list_display = ["__str__", "phone_number_id", "provider", "has_token", "state_badge"]
    list_filter = ["provider", "active"]
    search_fields = ["phone_number_id", "display_number", "user__email", "user__business_name"]
    search_help_text = _("Number, its id, or business")
    ordering = ["-pk"]
    fields = [
        *("user", "provider", "phone_number_id", "display_number", "waba_id"),
        *("access_token", "has_token", "app_secret", "has_secret", "active", "waiting"),
    ]
    readonly_fields = ["has_token", "has_secret", "waiting"]
    change_form_outer_before_template = "whatsapp/channel_state.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.resume)
        return [path("<path:object_id>/resume/", view, name="whatsapp_channel_resume"), *super().get_urls()]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form = super().get_form(request, obj, change=change, **options)
        form.needs_secret = not sees_all(request)
        return form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Model | None = None, **options: Any
    ) -> HttpResponse:
        if isinstance(obj, Channel):
            context["account_state"] = present_state(obj)
            if obj.stopped_at:
                context["stopped"] = describe_stop(obj)
        return super().render_change_form(request, context, *args, obj=obj, **options)

    def response_add(self, request: HttpRequest, obj: Channel, post_url_continue: str | None = None) -> HttpResponse:
        """A new number is connected step by step."""
        super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(reverse("admin:whatsapp_channel_set_up", args=[obj.pk]))

    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Handle the button on a stopped number's page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        channel = self.get_object(request, unquote(object_id))
        if channel is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_change_permission(request, channel):
            raise PermissionDenied
        resume_channel(channel_id=channel.pk)
        LogEntry.objects.log_actions(str(request.user.pk), [channel], CHANGE, gettext_noop("Resumed sending."))
        messages.success(request, gettext("Sending resumed."))
        return HttpResponseRedirect(reverse("admin:whatsapp_channel_change", args=[quote(channel.pk)]))

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        # A body may contain other businesses' customers, so deliveries are for operators.
        hidden: set[str] = set() if sees_all(request) else {"waiting"}
        hidden |= set() if obj else {"has_token", "has_secret", "waiting"}
        hidden |= set() if self.has_change_permission(request, obj) or obj is None else {"access_token", "app_secret"}
        return [name for name in super().get_fields(request, obj) if name not in hidden]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Fill in the two fields from a link on the page of an unrouted delivery, if they are valid."""
        number, provider = (request.GET.get(name, "") for name in ("phone_number_id", "provider"))
        initial = super().get_changeform_initial_data(request)
        if 0 < len(number) <= PHONE_NUMBER_ID_MAX_LENGTH and number.isprintable():
            initial["phone_number_id"] = number
        if provider in Channel.Provider.values:
            initial["provider"] = provider
        return initial

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool) -> None:
        if token := form.cleaned_data.get("access_token"):
            obj.encrypted_access_token = token
        if secret := form.cleaned_data.get("app_secret"):
            obj.encrypted_app_secret = secret
        super().save_model(request, obj, form, change)
        # Django's admin holds the transaction.
        release_messages(channel=obj, has_new_token=bool(token))

    def changed_columns(self, obj: Any, form: forms.ModelForm[Any]) -> set[str]:
        secrets = {f"encrypted_{name}" for name in ("access_token", "app_secret") if name in form.changed_data}
        return super().changed_columns(obj, form) | secrets

    @admin.display(description=_("state"), ordering="stopped_at")
    def state_badge(self, channel: Channel) -> SafeString:
        if not channel.active:
            return badge(gettext("Switched off"), "archived")
        return (
            badge(gettext("Stopped"), "failed")
            if channel.stopped_at
            else badge(pgettext("number or endpoint", "Active"), "active")
        )

    @admin.display(description=_("token stored"), boolean=True)
    def has_token(self, channel: Channel) -> bool:
        return bool(channel.encrypted_access_token)

    @admin.display(description=_("app secret stored"), boolean=True)
    def has_secret(self, channel: Channel) -> bool:
        return bool(channel.encrypted_app_secret)

    @admin.display(description=_("unrouted deliveries"))
    def waiting(self, channel: Channel) -> SafeString:
        return waiting_for(channel)
