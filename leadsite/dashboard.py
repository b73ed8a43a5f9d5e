"""The context of the Overview: alerts, waiting customers, the number of leads by status, and the newest leads."""

from functools import partial
from typing import Any

from django.http import HttpRequest

from conversations.admin.dashboard import add_waiting
from leads.admin.dashboard import add_leads
from leadsite.adminkit.workplace import reader_of
from leadsite.core.postgresql.replica import read_from_replica
from leadsite.core.transactions import custom_plans
from leadsite.figures.overview import add_figures
from leadsite.monitoring.alerts import integrity_findings
from leadsite.webhooks.alerts import disabled_endpoints
from whatsapp.admin.alerts import alerts_for


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The context of admin/index.html (unfold's DASHBOARD_CALLBACK)."""
    rows = read_from_replica(partial(_rows, request, context), user_id=reader_of(request))
    # For a state that few messages are in, a plan for any state would read all of the business.
    with custom_plans():
        alerts = alerts_for(request) + disabled_endpoints(request) + integrity_findings(request)
    return rows | {"alerts": alerts}


def _rows(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    return add_waiting(request, add_leads(request, context)) | add_figures(request)
