"""Admin of webhook endpoints and of the events posted to them."""

import json
from contextlib import suppress
from typing import Any, Final, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from leadsite.accounts.models import User
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.page import ReadOnly, any_size
from leadsite.adminkit.paginator import BoundedPaginator
from leadsite.adminkit.values import NOTHING, badge, foreign, link, moment, shorten
from leadsite.webhooks import resending, services
from leadsite.webhooks.alerts import describe_disabled
from leadsite.webhooks.forms import EndpointForm
from leadsite.webhooks.models import WebhookEndpoint, WebhookEvent
from leadsite.webhooks.resending import RESEND_LIMIT, Resent
from leadsite.webhooks.services import NewSecret, UnknownEndpoint, WebhookRefused

MEANINGS: Final = {
    WebhookEvent.State.PENDING: "It will be posted at the time of its next attempt.",
    WebhookEvent.State.DELIVERED: "The endpoint has accepted it. Sent again, it has the same webhook-id.",
    WebhookEvent.State.FAILED: "It was not delivered. Correct the problem at the endpoint, then send it again.",
}
COPY_NOW: Final = 'Copy the secret now, it is not shown again: <code class="break-words select-all">{}</code>'


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(OwnedAdmin):
    form = EndpointForm
    list_display = ["name", "event_types", "state_badge", "created"]
    list_filter = ["active"]
    search_fields = ["url", "description", "user__email", "user__business_name"]
    search_help_text = "URL, description, or business"
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
                messages.warning(request, f"The events go to another host, so these headers were removed: {names}.")
            return
        owner = cast(User, form.cleaned_data.get("user") or request.user)
        fields = {name: form.cleaned_data[name] for name in ("url", "events", "description", "headers")}
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

    @admin.action(description="Send failed events again", permissions=["change"])
    def resend_failed(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        for endpoint in queryset:
            try:
                resent = resending.resend_failed(user_id=endpoint.user_id, endpoint_id=endpoint.pk)
            except WebhookRefused as refusal:
                messages.error(request, f"{endpoint}: {refusal}")
            else:
                _say(request, resent)

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
    change_form_outer_before_template = "webhooks/event.html"
    fields = [
        *("user", "endpoint_link", "type", "id", "state_badge", "attempts", "due", "last_attempt", "last_status"),
        *("problem", "delivered", "created", "body"),
    ]
    readonly_fields = ["endpoint_link", "state_badge", "due", "last_attempt", "problem", "delivered", "created", "body"]

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("webhooks.change_webhookendpoint")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without payloads, and without events whose endpoint was deleted while they were written (inner join)."""
        return super().get_queryset(request).select_related("endpoint", "user").defer("payload")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "endpoint__id__exact" or super().lookup_allowed(lookup, value, request)

    def get_urls(self) -> list[URLPattern]:
        one = path(
            "<path:object_id>/resend/", self.admin_site.admin_view(self.resend_one), name="webhooks_webhookevent_resend"
        )
        return [one, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Model | None = None, **options: Any
    ) -> HttpResponse:
        if isinstance(obj, WebhookEvent):
            over = obj.state != WebhookEvent.State.PENDING
            context |= {
                "meaning": MEANINGS[WebhookEvent.State(obj.state)],
                "may_resend": over and self.has_resend_permission(request),
            }
        return super().render_change_form(request, context, *args, obj=obj, **options)

    @any_size
    @admin.action(description="Send again", permissions=["resend"])
    def resend(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        _say(request, resending.resend_chosen(events=queryset))

    def resend_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Handle the button on an event's page."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_resend_permission(request):
            raise PermissionDenied
        event = self.get_object(request, unquote(object_id))
        if event is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        try:
            resending.resend(user_id=event.user_id, endpoint_id=event.endpoint_id, event_id=event.pk)
            messages.success(request, "The event was queued again. It is posted within a few seconds.")
        except WebhookRefused as refusal:
            messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("admin:webhooks_webhookevent_change", args=[quote(event.pk)]))

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

    @admin.display(description="last attempt")
    def last_attempt(self, event: WebhookEvent) -> SafeString:
        return moment(event.last_attempt_at)

    @admin.display(description="body")
    def body(self, event: WebhookEvent) -> SafeString:
        text = json.dumps(event.payload, indent=2, ensure_ascii=False)
        return format_html('<pre class="pre-wrap foreign" dir="auto">{}</pre>', text)

    @admin.display(description="delivered")
    def delivered(self, event: WebhookEvent) -> SafeString:
        return moment(event.delivered_at)


def _show_secret(request: HttpRequest, new: NewSecret) -> None:
    messages.warning(request, format_html(COPY_NOW, new.secret))


def _say(request: HttpRequest, resent: Resent) -> None:
    text = f"{resent.queued:,} {'event was' if resent.queued == 1 else 'events were'} queued again."
    more = f" There are more: {RESEND_LIMIT:,} are queued at a time. Repeat the action." if resent.more else ""
    messages.add_message(request, messages.SUCCESS if resent.queued else messages.WARNING, text + more)
