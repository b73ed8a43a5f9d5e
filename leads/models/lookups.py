"""Finds leads that exist already, by external id or by customer, and updates them: lists, in one statement each.

Lists are passed to PostgreSQL as arrays, and every look-up uses an index, whatever the statistics say.
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
# OFFSET 0 keeps the planner from turning the look-ups into joins of whole tables.
_OF_CUSTOMERS: Final = """
    SELECT lead.id, given.customer_id, lead.type, lead.details
    FROM unnest(%s::uuid[]) AS given (customer_id)
    CROSS JOIN LATERAL (SELECT c.id FROM conversations AS c WHERE c.customer_id = given.customer_id OFFSET 0) AS place
    CROSS JOIN LATERAL (SELECT l.id, l.type, l.details FROM leads AS l
                        WHERE l.conversation_id = place.id OFFSET 0) AS lead
    ORDER BY lead.id
"""
_REWRITE: Final = """
    UPDATE leads AS l SET type = coalesce(given.type, l.type), details = coalesce(given.details, l.details),
                          status = coalesce(given.status, l.status), updated_at = now()
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) AS given (id, type, details, status)
    -- Both conditions, so that the index is used for these ids, whatever the statistics say.
    WHERE l.id = given.id AND l.id = ANY (%s::uuid[])
        AND (l.type, l.details, l.status)
            <> (coalesce(given.type, l.type), coalesce(given.details, l.details), coalesce(given.status, l.status))
"""


class LeadByExternalId(NamedTuple):
    """A lead found by its external id. `phone_key` is its customer's; None where the number is hidden."""

    id: UUID
    conversation_id: UUID
    phone_key: str | None


class LeadOfCustomer(NamedTuple):
    """A lead with the columns by which an imported row is recognised as the same lead."""

    id: UUID
    customer_id: UUID
    type: str
    details: str


class LeadContents(NamedTuple):
    """New contents of a lead. None keeps the present value."""

    lead_id: UUID
    type: str | None
    details: str | None
    status: str | None


class LeadLookupManager(models.Manager[M]):
    def by_external_id(self, *, user_id: UUID, external_ids: Collection[str]) -> dict[str, LeadByExternalId]:
        """Return the leads of a business with one of these external ids, keyed by it."""
        if not external_ids:
            return {}
        found = fetch_rows(_BY_EXTERNAL_ID, [array(external_ids), user_id])
        return {external_id: LeadByExternalId(*lead) for external_id, *lead in found}

    def of_customers(self, customer_ids: Collection[UUID]) -> list[LeadOfCustomer]:
        """Return all leads of these customers, oldest first."""
        if not customer_ids:
            return []
        return [LeadOfCustomer(*lead) for lead in fetch_rows(_OF_CUSTOMERS, [array(customer_ids)])]

    def rewrite(self, rewritings: Sequence[LeadContents]) -> None:
        """Update the contents of leads where they differ. Caller holds the transaction and has locked the customers."""
        if rewritings:
            ids, *columns = (array(column) for column in zip(*rewritings, strict=True))
            fetch_rows(_REWRITE, [ids, *columns, ids])
