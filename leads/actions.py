"""What staff do with several leads of the list at once."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import capfirst

from leads.models import Lead

Action = Callable[[Any, HttpRequest, QuerySet[Lead]], None]


@admin.action(description="Assign to me", permissions=["change"])
def assign_to_me(page: Any, request: HttpRequest, leads: QuerySet[Lead]) -> None:
    _change(request, leads, assigned_to=request.user)


def _marking(status: Lead.Status) -> Action:
    @admin.action(description=f"Mark as {status.label.lower()}", permissions=["change"])
    def mark(page: Any, request: HttpRequest, leads: QuerySet[Lead]) -> None:
        _change(request, leads, status=status)

    mark.__name__ = f"mark_{status}"
    return mark


def _change(request: HttpRequest, leads: QuerySet[Lead], **columns: Any) -> None:
    with transaction.atomic():
        # Locked in the order of their ids: two who mark overlapping lists wait for each other instead of deadlocking.
        chosen = list(leads.order_by("pk").select_for_update(of=("self",)))
        Lead.objects.filter(pk__in=[lead.pk for lead in chosen]).update(**columns, updated_at=timezone.now())
        fields = [capfirst(name.replace("_", " ")) for name in columns]
        changed = [{"changed": {"fields": fields}}]
        LogEntry.objects.log_actions(str(request.user.pk), chosen, CHANGE, changed)
    messages.success(request, f"Changed: {len(chosen)} {'lead' if len(chosen) == 1 else 'leads'}.")


ACTIONS = [assign_to_me, *(_marking(status) for status in Lead.Status)]
