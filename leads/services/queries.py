"""What is there already of what a client sends: its own lead of before, and other open leads of the same customer."""

from collections.abc import Collection
from uuid import UUID

from conversations.models import Conversation
from conversations.phone import phone_key
from leads.models import Lead
from leads.services.create import OPEN_LEADS_LIMIT, CreatedLead


def repeated_lead(*, user_id: UUID, external_id: str, customer_phone: str) -> CreatedLead | None:
    """The lead that this request has made before: with this external id, of this customer (E.164)."""
    before = leads_by_external_id(user_id=user_id, external_ids=[external_id])
    return before.get((external_id, phone_key(customer_phone)))


def leads_by_external_id(*, user_id: UUID, external_ids: Collection[str]) -> dict[tuple[str, str], CreatedLead]:
    """What a list of leads has made before, by external id and the customer's phone key."""
    found = Lead.objects.by_external_id(user_id=user_id, external_ids=external_ids)
    return {
        (external_id, lead.phone_key): CreatedLead(lead.id, lead.conversation_id, conversation_created=False)
        for external_id, lead in found.items()
        if lead.phone_key is not None
    }


def open_leads(*, user_id: UUID, lead: CreatedLead) -> list[UUID]:
    """Other leads of the same customer that nobody has closed, newest first; create_lead tells them unasked."""
    owner = Conversation.objects.filter(user_id=user_id, pk=lead.conversation_id).values_list("customer_id", flat=True)
    open_ones = [
        lead_id for customer_id in owner for lead_id in Lead.objects.open_of(customer_id, limit=OPEN_LEADS_LIMIT + 1)
    ]
    return [lead_id for lead_id in open_ones if lead_id != lead.lead_id][:OPEN_LEADS_LIMIT]
