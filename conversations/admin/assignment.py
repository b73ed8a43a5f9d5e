"""To whom leads and conversations are assigned: the filter of the lists, and the choices of the forms."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from leadsite.accounts.models import User


class AssignedFilter(admin.SimpleListFilter):
    title = "assigned to"
    parameter_name = "assigned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("me", "Me"), ("nobody", "Nobody")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "me":
            return queryset.filter(assigned_to_id=request.user.pk)
        return queryset.filter(assigned_to=None) if self.value() == "nobody" else queryset


def assignees(viewer: User, row: Any) -> QuerySet[User]:
    """Who can be assigned: the viewer and the present assignee; for a superuser also the business and superusers."""
    who = Q(pk=viewer.pk) | Q(pk=row.assigned_to_id)
    if viewer.is_superuser:
        who |= Q(pk=row.user_id) | Q(is_superuser=True, is_active=True)
    return User.objects.filter(who).order_by("business_name", "email")
