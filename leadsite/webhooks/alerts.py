"""Alerts about disabled endpoints, for the Overview."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from leadsite.adminkit.alerts import SHOWN, Alert, foreign_line
from leadsite.adminkit.values import moment
from leadsite.adminkit.workplace import mine
from leadsite.languages.texts import shown
from leadsite.webhooks.models import WebhookEndpoint


def disabled_endpoints(request: HttpRequest) -> list[Alert]:
    """The disabled endpoints of the user's business; for a superuser, of all businesses."""
    user = request.user
    if not (user.is_superuser or user.has_perm("webhooks.view_webhookendpoint")):
        return []
    disabled = WebhookEndpoint.objects.filter(disabled_at__isnull=False, **mine(request)).order_by("disabled_at")
    return [
        Alert(
            format_html("{} {}: {}", gettext("Webhook"), foreign_line(str(endpoint)), describe_disabled(endpoint)),
            reverse("admin:webhooks_webhookendpoint_change", args=[endpoint.pk]),
        )
        for endpoint in disabled[:SHOWN]
    ]


def describe_disabled(endpoint: WebhookEndpoint) -> SafeString:
    """Sentences: "It was disabled on 24 Nov, 12:04. It answered 410 Gone."."""
    disabled = format_html(gettext("It was disabled on {}."), moment(endpoint.disabled_at))
    return format_html("{} {}", disabled, shown(endpoint.disabled_reason))
