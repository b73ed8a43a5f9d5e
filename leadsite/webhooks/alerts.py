"""Which endpoints we have switched off, for the admin's first page."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from leadsite.adminkit.alerts import SHOWN, Alert, foreign_line
from leadsite.adminkit.values import moment
from leadsite.webhooks.models import WebhookEndpoint


def disabled_endpoints(request: HttpRequest) -> list[Alert]:
    """Of this person's own business; a superuser's are of all."""
    user = request.user
    if not (user.is_superuser or user.has_perm("webhooks.view_webhookendpoint")):
        return []
    mine = {} if user.is_superuser else {"user_id": user.pk}
    disabled = WebhookEndpoint.objects.filter(disabled_at__isnull=False, **mine).order_by("disabled_at")
    return [
        Alert(
            format_html("Webhook {} {}", foreign_line(str(endpoint)), why_disabled(endpoint)),
            reverse("admin:webhooks_webhookendpoint_change", args=[endpoint.pk]),
        )
        for endpoint in disabled[:SHOWN]
    ]


def why_disabled(endpoint: WebhookEndpoint) -> SafeString:
    """One line, its beginning left out: "was switched off on 24 Nov, 12:04. It answered 410 Gone."."""
    return format_html("was switched off on {}. {}", moment(endpoint.disabled_at), endpoint.disabled_reason)
