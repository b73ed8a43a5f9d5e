"""What is there already of leads that come again: found by external id, or by customer, type and details.

Every list goes to PostgreSQL as arrays, and every look-up is by an index, whatever the statistics say.
"""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from django.db import models

from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows

M = TypeVar("M", bound=models.Model)

_BY_EXTERNAL_ID: Final = """
    SELECT given.external_id, lead.id, lead.conversation_id, customer.phone_key
    FROM unnest(%s::text[]) AS given (external_id)
    CROSS JOIN LATERAL (SELECT l.id, l.conversation_id FROM leads AS l
                        WHERE l.user_id = %s AND l.external_id = given.external_id LIMIT 1) AS lead
    CROSS JOIN LATERAL (SELECT c.customer_id FROM conversations AS c WHERE c.id = lead.conversation_id LIMIT 1) AS place
    CROSS JOIN LATERAL (SELECT k.phone_key FROM customers AS k WHERE k.id = place.customer_id LIMIT 1) AS customer
"""
# OFFSET 0 keeps the planner from joining the tables as a whole.
_OF_CUSTOMERS: Final = """
    SELECT lead.id, given.customer_id, lead.type, lead.details
    FROM unnest(%s::uuid[]) AS given (customer_id)
    CROSS JOIN LATERAL (SELECT c.id FROM conversations AS c WHERE c.customer_id = given.customer_id OFFSET 0) AS place
    CROSS JOIN LATERAL (SELECT l.id, l.type, l.details FROM leads AS l
                        WHERE l.conversation_id = place.id OFFSET 0) AS lead
    ORDER BY lead.id
"""
_REWRITE: Final = """
    UPDATE leads AS l SET type = said.type, details = said.details, status = coalesce(said.status, l.status),
                          updated_at = now()
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) AS said (id, type, details, status)
    -- Twice, so that the index is read for these ids only, whatever the statistics say.
    WHERE l.id = said.id AND l.id = ANY (%s::uuid[])
        AND (l.type, l.details, l.status) <> (said.type, said.details, coalesce(said.status, l.status))
"""


class NamedLead(NamedTuple):
    """A lead found by its external id; `phone_key` is its customer's, None where the number is hidden."""

    id: UUID
    conversation_id: UUID
    phone_key: str | None


class LeadOfCustomer(NamedTuple):
    """A lead with what makes it the same as another of its customer."""

    id: UUID
    customer_id: UUID
    type: str
    details: str


class Rewriting(NamedTuple):
    """What a lead is to say from now on; a status of None is left as it is."""

    lead_id: UUID
    type: str
    details: str
    status: str | None


class KnownLeads(models.Manager[M]):
    def by_external_id(self, *, user_id: UUID, external_ids: Collection[str]) -> dict[str, NamedLead]:
        """The leads of a business that have one of these external ids, by it."""
        if not external_ids:
            return {}
        found = fetch_rows(_BY_EXTERNAL_ID, [array(external_ids), user_id])
        return {external_id: NamedLead(*lead) for external_id, *lead in found}

    def of_customers(self, customer_ids: Collection[UUID]) -> list[LeadOfCustomer]:
        """All leads of these customers, the oldest first."""
        if not customer_ids:
            return []
        return [LeadOfCustomer(*lead) for lead in fetch_rows(_OF_CUSTOMERS, [array(customer_ids)])]

    def rewrite(self, rewritings: Sequence[Rewriting]) -> None:
        """Give leads new contents; one that is so already is left alone. Caller holds the customers' locks."""
        if rewritings:
            ids, *columns = (array(column) for column in zip(*rewritings, strict=True))
            fetch_rows(_REWRITE, [ids, *columns, ids])
