"""Admin of webhook events: why one was not delivered, its body, and sending it again."""

import json
from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from leadsite.adminkit.change_list import RecentValues
from leadsite.adminkit.owned import OwnedAdmin
from leadsite.adminkit.page import ReadOnly, any_size
from leadsite.adminkit.values import badge, foreign, link, moment, shorten
from leadsite.languages.texts import number, shown
from leadsite.webhooks import resending
from leadsite.webhooks.models import WebhookEvent
from leadsite.webhooks.resending import RESEND_LIMIT, Resent
from leadsite.webhooks.services import WebhookRefused

MEANINGS: Final = {
    WebhookEvent.State.PENDING: _("It will be posted at the time of its next attempt."),
    WebhookEvent.State.DELIVERED: _("The endpoint has accepted it. Sent again, it has the same webhook-id."),
    WebhookEvent.State.FAILED: _("It was not delivered. Correct the problem at the endpoint, then send it again."),
}


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnly, OwnedAdmin):
    """Events and their delivery. Read-only."""

    list_display = ["created", "type", "endpoint_link", "state_badge", "attempts", "short_error"]
    list_filter = ["state", ("type", RecentValues)]
    ordering = ["-pk"]
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
    @admin.action(description=_("Send again"), permissions=["resend"])
    def resend(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        say_resent(request, resending.resend_chosen(events=queryset))

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
            messages.success(request, gettext("The event was queued again. It is posted within a few seconds."))
        except WebhookRefused as refusal:
            messages.error(request, shown(refusal))
        return HttpResponseRedirect(reverse("admin:webhooks_webhookevent_change", args=[quote(event.pk)]))

    @admin.display(description=_("endpoint"))
    def endpoint_link(self, event: WebhookEvent) -> SafeString:
        return link(event.endpoint, shorten(str(event.endpoint)))

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, event: WebhookEvent) -> SafeString:
        return badge(event.get_state_display(), event.state)

    @admin.display(description=_("problem"))
    def short_error(self, event: WebhookEvent) -> SafeString:
        return foreign(shorten(shown(event.error)) or "–")

    @admin.display(description=_("problem"))
    def problem(self, event: WebhookEvent) -> SafeString:
        return foreign(shown(event.error) or "–")

    @admin.display(description=_("next attempt"))
    def due(self, event: WebhookEvent) -> SafeString:
        return moment(event.due_at)

    @admin.display(description=_("last attempt"))
    def last_attempt(self, event: WebhookEvent) -> SafeString:
        return moment(event.last_attempt_at)

    @admin.display(description=_("body"))
    def body(self, event: WebhookEvent) -> SafeString:
        text = json.dumps(event.payload, indent=2, ensure_ascii=False)
        return format_html('<pre class="pre-wrap foreign" dir="auto">{}</pre>', text)

    @admin.display(description=_("delivered"))
    def delivered(self, event: WebhookEvent) -> SafeString:
        return moment(event.delivered_at)


def say_resent(request: HttpRequest, resent: Resent) -> None:
    """Say how many events were queued again."""
    words = ngettext("%(count)s event was queued again.", "%(count)s events were queued again.", resent.queued)
    text = words % {"count": number(resent.queued)}
    if resent.more:
        more = gettext("There are more: %(count)s are queued at a time. Repeat the action.")
        text += f" {more % {'count': number(RESEND_LIMIT)}}"
    messages.add_message(request, messages.SUCCESS if resent.queued else messages.WARNING, text)
