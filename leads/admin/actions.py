"""Actions on the selected leads of the list."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst

from leads.models import Lead, LeadStatus
from leads.services.change import change_leads

Action = Callable[[Any, HttpRequest, QuerySet[Lead]], None]


@admin.action(description="Assign to me", permissions=["change"])
def assign_to_me(page: Any, request: HttpRequest, leads: QuerySet[Lead]) -> None:
    _change(request, leads, assigned_to=request.user)


def _marking(status: LeadStatus) -> Action:
    @admin.action(description=f"Mark as {status.label.lower()}", permissions=["change"])
    def mark(page: Any, request: HttpRequest, leads: QuerySet[Lead]) -> None:
        _change(request, leads, status=status)

    mark.__name__ = f"mark_{status}"
    return mark


def _change(request: HttpRequest, leads: QuerySet[Lead], **columns: Any) -> None:
    changed, left = change_leads(leads, **columns)
    fields = [capfirst(name.replace("_", " ")) for name in columns]
    LogEntry.objects.log_actions(str(request.user.pk), changed, CHANGE, [{"changed": {"fields": fields}}])
    messages.success(request, f"Changed: {counted(changed)}.")
    if left:
        messages.warning(request, f"Not changed, because their status does not allow it: {counted(left)}.")


def counted(leads: list[Lead]) -> str:
    return f"{len(leads)} {'lead' if len(leads) == 1 else 'leads'}"


# No action marks as lost: each lost lead needs a reason of its own.
ACTIONS = [assign_to_me, *(_marking(status) for status in LeadStatus if status != LeadStatus.LOST)]
