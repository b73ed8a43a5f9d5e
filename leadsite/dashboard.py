"""The context of the Overview: alerts, waiting customers, the number of leads by status, and the newest leads."""

from typing import Any

from django.http import HttpRequest

from conversations.admin.dashboard import add_waiting
from leads.admin.dashboard import add_leads
from leadsite.figures.overview import add_figures
from leadsite.monitoring.alerts import integrity_findings
from leadsite.webhooks.alerts import disabled_endpoints
from whatsapp.admin.alerts import alerts_for


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The context of admin/index.html (unfold's DASHBOARD_CALLBACK)."""
    return (
        add_waiting(request, add_leads(request, context))
        | add_figures(request)
        | {"alerts": alerts_for(request) + disabled_endpoints(request) + integrity_findings(request)}
    )
