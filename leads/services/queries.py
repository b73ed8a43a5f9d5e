"""What is there already of what a client sends: its own lead of before, and other open leads of the same customer."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from conversations.phone import phone_key
from leads.models import Lead
from leads.services.create import OPEN_LEADS_LIMIT, CreatedLead


def repeated_lead(*, user_id: UUID, external_id: str, customer_phone: str) -> CreatedLead | None:
    """The lead that this request has made before: with this external id, of this customer (E.164)."""
    before = leads_by_external_id(user_id=user_id, external_ids=[external_id])
    return before.get((external_id, phone_key(customer_phone)))


def leads_by_external_id(*, user_id: UUID, external_ids: Iterable[str]) -> dict[tuple[str, str], CreatedLead]:
    """What a list of leads has made before, by external id and the customer's phone key."""
    rows = Lead.objects.filter(user_id=user_id, external_id__in=list(external_ids)).values_list(
        "external_id", "conversation__customer__phone_key", "pk", "conversation_id"
    )
    return {
        (str(external_id), key): CreatedLead(lead_id, conversation_id, conversation_created=False)
        for external_id, key, lead_id, conversation_id in rows
    }


def open_leads(*, user_id: UUID, lead: CreatedLead) -> list[UUID]:
    """Other leads of the same customer that nobody has closed, newest first; create_lead tells them unasked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT open_leads(%s, %s, %s, %s)", [user_id, lead.conversation_id, lead.lead_id, OPEN_LEADS_LIMIT]
        )
        (ids,) = cursor.fetchone() or ([],)
        return list(ids)
