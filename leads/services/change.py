"""Services that change leads: one for the API, one or many for the admin."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from conversations.models import Customer
from leads.models import Lead
from leads.services.refusals import LeadRefused
from leads.services.status_order import check_status, may_become
from leadsite.core.transactions import retried


class UnknownLead(LeadRefused):
    """The business has no such lead."""


class StaleVersion(LeadRefused):
    """The lead has been changed since the client read it."""


@retried
def change_lead(
    *,
    user_id: UUID,
    lead_id: UUID,
    changes: Mapping[str, Any],
    version: int | None = None,
    may_assign: bool = False,
) -> Lead:
    """Change a lead of the business and return it with the changes. Opens the transaction.

    `changes`: new values of status, lost_reason, type, details, assigned_to_id; customer_name changes the customer.
    `version`: the version that the client read; None accepts any. `may_assign`: the caller has checked the assignee;
    otherwise a lead can be assigned to the business itself only.

    Raises UnknownLead, StaleVersion, StatusNotAllowed, LeadRefused; django.db.Error.
    """
    # Two changes of one lead at the same moment: the second waits for the customer's row, then sees the first.
    # See Note [Lock order] in create.py.
    with transaction.atomic():
        customer = (
            Customer.objects.filter(user_id=user_id, conversations__leads=lead_id)
            .select_for_update(of=("self",))
            .first()
        )
        lead = Lead.objects.filter(user_id=user_id, pk=lead_id).select_for_update().first()
        if customer is None or lead is None:
            raise UnknownLead("There is no such lead.", field=None)
        if version is not None and version != lead.version:
            raise StaleVersion(
                f"The lead has been changed since: it is version {lead.version}. Read it again.", field="version"
            )
        columns = dict(changes)
        name = columns.pop("customer_name", None)
        if name is not None and name != customer.name:
            Customer.objects.filter(pk=customer.pk).update(name=name, updated_at=timezone.now())
        check_status(lead, columns)
        if not may_assign:
            _check_assignee(lead, columns)
        if changed := {column for column, value in columns.items() if getattr(lead, column) != value}:
            Lead.objects.filter(pk=lead.pk).update(
                **{column: columns[column] for column in changed}, updated_at=timezone.now()
            )
        return Lead.objects.select_related("conversation__customer").get(pk=lead.pk)


@retried
def change_leads(leads: QuerySet[Lead], **columns: Any) -> tuple[list[Lead], list[Lead]]:
    """Set the same columns of many leads; return those that were changed, and those whose status forbids it.

    Opens the transaction. Raises django.db.Error where the database is away or stayed locked through every attempt.
    """
    # Concurrent changes of overlapping lists: customers are locked first, see Note [Lock order] in create.py.
    with transaction.atomic():
        customers = Customer.objects.filter(pk__in=leads.order_by().values("conversation__customer"))
        list(customers.order_by("user", "phone_key", "whatsapp_user_id").select_for_update().values_list("pk"))
        chosen = list(leads.order_by("pk").select_for_update(of=("self",)))
        changed = [lead for lead in chosen if "status" not in columns or may_become(lead, columns["status"])]
        Lead.objects.filter(pk__in=[lead.pk for lead in changed]).update(**columns, updated_at=timezone.now())
        return changed, [lead for lead in chosen if lead not in changed]


def _check_assignee(lead: Lead, columns: Mapping[str, Any]) -> None:
    """Check the assignee: the business itself, or the present one. Raises LeadRefused."""
    assignee = columns.get("assigned_to_id")
    if assignee is not None and assignee not in (lead.user_id, lead.assigned_to_id):
        raise LeadRefused("The lead cannot be assigned to a user with this id.", field="assigned_to")
