"""Admin of webhook endpoints and of the events posted to them."""

from contextlib import suppress
from typing import Any, Final, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from leadsite.accounts.models import User
from leadsite.adminkit.owned import OwnedAdmin, OwnedForm
from leadsite.adminkit.page import ReadOnly
from leadsite.adminkit.paginator import BoundedPaginator
from leadsite.adminkit.values import NOTHING, badge, foreign, link, moment, shorten
from leadsite.webhooks import services
from leadsite.webhooks.addresses import AddressRefused, check_url
from leadsite.webhooks.alerts import describe_disabled
from leadsite.webhooks.models import DESCRIPTION_MAX_LENGTH, WebhookEndpoint, WebhookEvent
from leadsite.webhooks.services import NewSecret, UnknownEndpoint, WebhookRefused

COPY_NOW: Final = 'Copy the secret now, it is not shown again: <code class="break-words select-all">{}</code>'


class EndpointForm(OwnedForm):
    url = forms.CharField(label="URL", widget=UnfoldAdminTextInputWidget, help_text="https://…: receives the events.")
    description = forms.CharField(
        required=False,
        max_length=DESCRIPTION_MAX_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text="What receives the events.",
    )
    events = forms.MultipleChoiceField(
        choices=WebhookEndpoint.Event.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = WebhookEndpoint
        fields = ["user", "url", "description", "events", "active"]

    def clean_url(self) -> str:
        try:
            return check_url(self.cleaned_data["url"])
        except AddressRefused as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(OwnedAdmin):
    form = EndpointForm
    list_display = ["name", "event_types", "state_badge", "created"]
    list_filter = ["active"]
    search_fields = ["url", "description", "user__email", "user__business_name"]
    search_help_text = "URL, description, or business"
    ordering = ["-pk"]
    actions = ["send_test", "rotate_secret"]
    fields = ["user", "url", "description", "events", "active", "state", "event_link", "created"]
    readonly_fields = ["state", "event_link", "created"]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        shown = super().get_fields(request, obj)
        return shown if obj else [name for name in shown if name not in {*self.readonly_fields, "active"}]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [*self.readonly_fields, "user"] if obj else []

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm[Any], change: bool) -> None:
        if change:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            services.change_endpoint(user_id=obj.user_id, endpoint_id=obj.pk, changes=changes)
            return
        owner = cast(User, form.cleaned_data.get("user") or request.user)
        fields = {name: form.cleaned_data[name] for name in ("url", "events", "description")}
        created = services.create_endpoint(user_id=owner.pk, **fields)
        obj.pk = created.endpoint.pk
        obj.refresh_from_db()
        _show_secret(request, created)

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **options)
        except WebhookRefused as refusal:
            # The endpoint was deleted, there are too many endpoints, or FIELD_ENCRYPTION_KEYS is not set.
            messages.error(request, str(refusal))
            return self.response_post_save_change(request, None)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        services.delete_endpoint(user_id=obj.user_id, endpoint_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for endpoint in queryset:
            with suppress(UnknownEndpoint):
                self.delete_model(request, endpoint)

    @admin.action(description="Send a test event", permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        for endpoint in queryset:
            try:
                services.send_test(user_id=endpoint.user_id, endpoint_id=endpoint.pk)
            except WebhookRefused as refusal:
                messages.error(request, f"{endpoint}: {refusal}")
                return
        messages.success(request, "A test event was queued; see the webhook events for its state.")

    @admin.action(description="Rotate the secret", permissions=["change"])
    def rotate_secret(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        for endpoint in queryset:
            try:
                _show_secret(request, services.rotate_secret(user_id=endpoint.user_id, endpoint_id=endpoint.pk))
            except WebhookRefused as refusal:
                messages.error(request, str(refusal))
                return
            LogEntry.objects.log_actions(str(request.user.pk), [endpoint], CHANGE, "Rotated the secret.")
        hours = services.FORMER_SECRET_HOURS
        messages.info(request, f"The previous secret stays valid for {hours} hours.")

    @admin.display(description="endpoint")
    def name(self, endpoint: WebhookEndpoint) -> SafeString:
        return foreign(shorten(str(endpoint), 120))

    @admin.display(description="events")
    def event_types(self, endpoint: WebhookEndpoint) -> str:
        return ", ".join(endpoint.events)

    @admin.display(description="state", ordering="active")
    def state_badge(self, endpoint: WebhookEndpoint) -> SafeString:
        if endpoint.active:
            return badge("Failing", "unknown") if endpoint.failing_since else badge("Active", "active")
        return badge("Disabled", "failed") if endpoint.disabled_at else badge("Switched off", "archived")

    @admin.display(description="state")
    def state(self, endpoint: WebhookEndpoint) -> SafeString:
        explanation = NOTHING
        if endpoint.disabled_at:
            explanation = format_html("It {} Tick “active” to enable it again.", describe_disabled(endpoint))
        elif endpoint.failing_since:
            explanation = format_html("No event has been delivered since {}.", moment(endpoint.failing_since))
        return format_html("{} {}", self.state_badge(endpoint), explanation)

    @admin.display(description="webhook events")
    def event_link(self, endpoint: WebhookEndpoint) -> SafeString:
        query = {"endpoint__id__exact": str(endpoint.pk)}
        address = reverse("admin:webhooks_webhookevent_changelist", query=query)
        return format_html('<a href="{}" class="text-link">Events of this endpoint</a>', address)


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnly, OwnedAdmin):
    """Events and their delivery. Read-only."""

    list_display = ["created", "type", "endpoint_link", "state_badge", "attempts", "short_error"]
    list_filter = ["state", "type"]
    ordering = ["-pk"]
    paginator = BoundedPaginator
    actions = ["resend"]
    fields = [
        *("user", "endpoint_link", "type", "id", "state_badge", "attempts", "due", "last_status", "problem"),
        *("delivered", "created", "payload"),
    ]
    readonly_fields = ["endpoint_link", "state_badge", "due", "problem", "delivered", "created"]

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("webhooks.change_webhookendpoint")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without payloads, and without events whose endpoint was deleted while they were written (inner join)."""
        return super().get_queryset(request).select_related("endpoint", "user").defer("payload")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "endpoint__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.action(description="Resend failed events", permissions=["resend"])
    def resend(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        sent = sum(_resend(*ids) for ids in queryset.values_list("user_id", "endpoint_id", "pk"))
        text = f"{sent} {'event was' if sent == 1 else 'events were'} queued again."
        messages.add_message(request, messages.SUCCESS if sent else messages.WARNING, text)

    @admin.display(description="endpoint")
    def endpoint_link(self, event: WebhookEvent) -> SafeString:
        return link(event.endpoint, shorten(str(event.endpoint)))

    @admin.display(description="state", ordering="state")
    def state_badge(self, event: WebhookEvent) -> SafeString:
        return badge(event.get_state_display(), event.state)

    @admin.display(description="problem")
    def short_error(self, event: WebhookEvent) -> SafeString:
        return foreign(shorten(event.error) or "–")

    @admin.display(description="problem")
    def problem(self, event: WebhookEvent) -> SafeString:
        return foreign(event.error or "–")

    @admin.display(description="next attempt")
    def due(self, event: WebhookEvent) -> SafeString:
        return moment(event.due_at)

    @admin.display(description="delivered")
    def delivered(self, event: WebhookEvent) -> SafeString:
        return moment(event.delivered_at)


def _show_secret(request: HttpRequest, new: NewSecret) -> None:
    messages.warning(request, format_html(COPY_NOW, new.secret))


def _resend(user_id: UUID, endpoint_id: UUID, event_id: UUID) -> bool:
    try:
        services.resend(user_id=user_id, endpoint_id=endpoint_id, event_id=event_id)
    except WebhookRefused:
        return False
    return True
