"""What is there already of what a client sends: its own lead of before, and other open leads of the same customer."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import connection

from conversations.identity import phone_key
from leads.models import Lead
from leads.services import CreatedLead

OPEN: Final = (Lead.Status.NEW.value, Lead.Status.CONTACTED.value, Lead.Status.QUALIFIED.value)
OPEN_LEADS_LIMIT: Final = 50
# By hand: this follows every creation, and the ORM takes longer to write it than PostgreSQL to answer.
_OPEN_LEADS: Final = """
    SELECT l.id FROM conversations AS own
    JOIN conversations AS c ON c.customer_id = own.customer_id
    JOIN leads AS l ON l.conversation_id = c.id
    WHERE own.id = %s AND own.user_id = %s AND l.id <> %s AND l.status = ANY(%s)
    ORDER BY l.id DESC LIMIT %s
"""


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


def open_leads(*, user_id: UUID, created: CreatedLead) -> list[UUID]:
    """Other leads of the same customer that nobody has closed, newest first: the new one may be the same wish again."""
    with connection.cursor() as cursor:
        mine = (created.conversation_id, user_id, created.lead_id)
        cursor.execute(_OPEN_LEADS, [*mine, list(OPEN), OPEN_LEADS_LIMIT])
        return [id_ for (id_,) in cursor.fetchall()]
