"""Admin of webhook endpoints. That of their events: event_admin.py."""

from contextlib import suppress
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop, pgettext
from django.utils.translation import gettext_lazy as _

from leadsite.adminkit.owned import owner_of
from leadsite.adminkit.values import NOTHING, badge, foreign, moment, shorten
from leadsite.audit.timeline import AuditedAdmin
from leadsite.languages.texts import shown
from leadsite.webhooks import resending, services
from leadsite.webhooks.alerts import describe_disabled
from leadsite.webhooks.event_admin import say_resent
from leadsite.webhooks.forms import EndpointForm
from leadsite.webhooks.models import WebhookEndpoint
from leadsite.webhooks.services import NewSecret, UnknownEndpoint, WebhookRefused

COPY_NOW: Final = _('Copy the secret now, it is not shown again: <code class="break-words select-all">{}</code>')


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(AuditedAdmin):
    form = EndpointForm
    list_display = ["name", "event_types", "state_badge", "created"]
    list_filter = ["active"]
    search_fields = ["url", "description", "user__email", "user__business_name"]
    search_help_text = _("URL, description, or business")
    ordering = ["-pk"]
    actions = ["send_test", "resend_failed", "rotate_secret"]
    fields = ["user", "url", "description", "events", "headers", "active", "state", "event_link", "created"]
    readonly_fields = ["state", "event_link", "created"]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        shown = super().get_fields(request, obj)
        return shown if obj else [name for name in shown if name not in {*self.readonly_fields, "active"}]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [*self.readonly_fields, "user"] if obj else []

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool) -> None:
        if change:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            before = set(obj.header_names)
            changed = services.change_endpoint(user_id=obj.user_id, endpoint_id=obj.pk, changes=changes)
            if "url" in changes and (lost := before - set(changed.header_names)):
                names = ", ".join(sorted(lost))
                messages.warning(
                    request,
                    gettext("The events go to another host, so these headers were removed: %(names)s.")
                    % {"names": names},
                )
            return
        owner_id = owner_of(request, form)
        fields = {name: form.cleaned_data[name] for name in ("url", "events", "description", "headers")}
        created = services.create_endpoint(user_id=owner_id, **fields)
        obj.pk = created.endpoint.pk
        obj.refresh_from_db()
        _show_secret(request, created)

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **options)
        except WebhookRefused as refusal:
            # The endpoint was deleted, there are too many endpoints, or FIELD_ENCRYPTION_KEYS is not set.
            messages.error(request, shown(refusal))
            return self.response_post_save_change(request, None)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        services.delete_endpoint(user_id=obj.user_id, endpoint_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for endpoint in queryset:
            with suppress(UnknownEndpoint):
                self.delete_model(request, endpoint)

    @admin.action(description=_("Send a test event"), permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        for endpoint in queryset:
            try:
                services.send_test(user_id=endpoint.user_id, endpoint_id=endpoint.pk)
            except WebhookRefused as refusal:
                messages.error(request, f"{endpoint}: {shown(refusal)}")
                return
        messages.success(request, gettext("A test event was queued; see the webhook events for its state."))

    @admin.action(description=_("Send failed events again"), permissions=["change"])
    def resend_failed(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        for endpoint in queryset:
            try:
                resent = resending.resend_failed(user_id=endpoint.user_id, endpoint_id=endpoint.pk)
            except WebhookRefused as refusal:
                messages.error(request, f"{endpoint}: {shown(refusal)}")
            else:
                say_resent(request, resent)

    @admin.action(description=_("Rotate the secret"), permissions=["change"])
    def rotate_secret(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        for endpoint in queryset:
            try:
                _show_secret(request, services.rotate_secret(user_id=endpoint.user_id, endpoint_id=endpoint.pk))
            except WebhookRefused as refusal:
                messages.error(request, shown(refusal))
                return
            LogEntry.objects.log_actions(str(request.user.pk), [endpoint], CHANGE, gettext_noop("Rotated the secret."))
        hours = services.FORMER_SECRET_HOURS
        messages.info(request, gettext("The previous secret stays valid for %(hours)s hours.") % {"hours": hours})

    @admin.display(description=_("endpoint"))
    def name(self, endpoint: WebhookEndpoint) -> SafeString:
        return foreign(shorten(str(endpoint), 120))

    @admin.display(description=_("events"))
    def event_types(self, endpoint: WebhookEndpoint) -> str:
        return ", ".join(endpoint.events)

    @admin.display(description=_("state"), ordering="active")
    def state_badge(self, endpoint: WebhookEndpoint) -> SafeString:
        if endpoint.active:
            return (
                badge(gettext("Failing"), "unknown")
                if endpoint.failing_since
                else badge(pgettext("number or endpoint", "Active"), "active")
            )
        return (
            badge(gettext("Disabled"), "failed") if endpoint.disabled_at else badge(gettext("Switched off"), "archived")
        )

    @admin.display(description=_("state"))
    def state(self, endpoint: WebhookEndpoint) -> SafeString:
        explanation = NOTHING
        if endpoint.disabled_at:
            explanation = format_html(
                "{} {}", describe_disabled(endpoint), gettext("Tick “active” to enable it again.")
            )
        elif endpoint.failing_since:
            explanation = format_html(gettext("No event has been delivered since {}."), moment(endpoint.failing_since))
        return format_html("{} {}", self.state_badge(endpoint), explanation)

    @admin.display(description=_("webhook events"))
    def event_link(self, endpoint: WebhookEndpoint) -> SafeString:
        query = {"endpoint__id__exact": str(endpoint.pk)}
        address = reverse("admin:webhooks_webhookevent_changelist", query=query)
        return format_html('<a href="{}" class="text-link">{}</a>', address, gettext("Events of this endpoint"))


def _show_secret(request: HttpRequest, new: NewSecret) -> None:
    messages.warning(request, format_html(str(COPY_NOW), new.secret))
