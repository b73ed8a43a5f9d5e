"""The first page of the admin: what needs somebody, how many leads wait, and the newest of them."""

from typing import Any

from django.http import HttpRequest

from leads.admin.dashboard import leads_today
from leadsite.webhooks.alerts import disabled_endpoints
from whatsapp.admin.alerts import alerts_for


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """unfold's DASHBOARD_CALLBACK: what admin/index.html shows."""
    return leads_today(request, context) | {"alerts": alerts_for(request) + disabled_endpoints(request)}
