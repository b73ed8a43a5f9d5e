"""To whom leads and conversations are assigned: the filter of the lists, and the choices of the forms."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from leadsite.accounts.models import User
from leadsite.accounts.people.assigning import assignable
from leadsite.adminkit.workplace import sees_all


class AssignedFilter(admin.SimpleListFilter):
    title = _("assigned to")
    parameter_name = "assigned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("me", gettext("Me")), ("nobody", gettext("Nobody"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "me":
            return queryset.filter(assigned_to_id=request.user.pk)
        return queryset.filter(assigned_to=None) if self.value() == "nobody" else queryset


def offer_people(field: Any, request: HttpRequest, row: Any) -> None:
    """Offer the people of the row's business in a form, and the present assignee; to operators also all operators."""
    people = assignable(business_id=row.user_id, present=row.assigned_to_id)
    if sees_all(request):
        people = people | User.objects.filter(is_superuser=True, is_active=True)
    field.queryset = people.order_by("name", "email")
    field.label_from_instance = name_of
    field.empty_label = gettext("Nobody")


def name_of(person: User) -> str:
    return person.person_name
