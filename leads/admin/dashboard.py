"""The leads on the admin's index page: their number by status, and the newest."""

from collections import Counter
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from leads.models import Lead
from leadsite.adminkit.values import badge, foreign, moment, shorten

NEWEST = 8
# A business with a million leads opens this page as fast as any other.
COUNT_LIMIT = 10_000


def add_leads(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the leads' part of admin/index.html to the context, for users with permission to view leads."""
    page: Any = admin.site.get_model_admin(Lead)
    if not page.has_view_or_change_permission(request):
        return context
    leads = page.get_queryset(request)
    counts = _counts(leads)
    all_leads = reverse("admin:leads_lead_changelist")
    context["statuses"] = [
        {
            "badge": badge(str(status.label), status.value),
            "count": f"{COUNT_LIMIT:,}+" if counts.get(status.value, 0) > COUNT_LIMIT else counts.get(status.value, 0),
            "url": f"{all_leads}?status__exact={status.value}",
        }
        for status in Lead.Status
    ]
    context["newest"] = [
        {
            "lead": lead,
            "customer": foreign(lead.conversation.customer),
            "request": shorten(lead.details) or lead.get_type_display(),
            "badge": badge(lead.get_status_display(), lead.status),
            "created": moment(lead.created_at),
        }
        for lead in leads.select_related("conversation__customer").order_by("-created_at", "-pk")[:NEWEST]
    ]
    context["leads_url"] = all_leads
    context["add_lead_url"] = reverse("admin:leads_lead_add") if page.has_add_permission(request) else None
    return context


def _counts(leads: QuerySet[Lead]) -> dict[str, int]:
    """Return how many leads have each status, at most one more than COUNT_LIMIT of each. Each part reads an index."""
    some = (leads.filter(status=status).order_by().values("status")[: COUNT_LIMIT + 1] for status in Lead.Status.values)
    first, *others = some
    return Counter(row["status"] for row in first.union(*others, all=True))
