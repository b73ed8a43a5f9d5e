"""To whom leads and conversations are assigned: the filter of the lists, and the choices of the forms."""

from typing import Any, Final, cast
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from leadsite.accounts.models import User
from leadsite.accounts.people.assigning import assignable
from leadsite.adminkit.values import read_uuid
from leadsite.adminkit.workplace import business_of, sees_all

_COLLEAGUES_READ: Final = "_colleagues_of_filter"


class AssignedFilter(admin.SimpleListFilter):
    title = _("assigned to")
    parameter_name = "assigned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """To operators, who see all businesses, no people: one business's would be as many as all.

        The people are read once for a person's request, for which several lists may be made (leadsite/exports/rows.py).
        """
        offered = [("me", gettext("Me")), ("nobody", gettext("Nobody"))]
        business_id = None if sees_all(request) else business_of(request)
        if business_id is None:
            return offered
        known: dict[UUID, list[tuple[str, str]]] = vars(request.user).setdefault(_COLLEAGUES_READ, {})
        if business_id not in known:
            colleagues = assignable(business_id=business_id).exclude(pk=cast(User, request.user).pk)
            known[business_id] = [(str(person.pk), person.person_name) for person in colleagues]
        return [*offered, *known[business_id]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "me":
            return queryset.filter(assigned_to_id=request.user.pk)
        if self.value() == "nobody":
            return queryset.filter(assigned_to=None)
        # Also who is not offered any more: the address of a list may be kept.
        person_id = read_uuid(self.value() or "")
        return queryset.filter(assigned_to_id=person_id) if person_id else queryset


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
