"""Finds leads that exist already, by external id or by customer, and updates them: lists, in one statement each.

Lists are passed to PostgreSQL as arrays, and every look-up uses an index, whatever the statistics say.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from django.db import models

from leadsite.core.arrays import array, column_arrays
from leadsite.core.statements import fetch_rows

M = TypeVar("M", bound=models.Model)

_BY_EXTERNAL_ID: Final = """
    SELECT given.external_id, lead.id, lead.conversation_id, customer.phone_key
    FROM unnest(%s::text[]) AS given (external_id)
    CROSS JOIN LATERAL (SELECT l.id, l.conversation_id FROM leads AS l
                        WHERE l.user_id = %s AND l.external_id = given.external_id AND l.deleted_at IS NULL
                        LIMIT 1) AS lead
    CROSS JOIN LATERAL (SELECT c.customer_id FROM conversations AS c WHERE c.id = lead.conversation_id LIMIT 1) AS place
    CROSS JOIN LATERAL (SELECT k.phone_key FROM customers AS k WHERE k.id = place.customer_id LIMIT 1) AS customer
"""
# OFFSET 0 keeps the planner from turning the look-ups into joins of whole tables.
_OF_CUSTOMERS: Final = """
    SELECT lead.id, given.customer_id, lead.type, lead.details
    FROM unnest(%s::uuid[]) AS given (customer_id)
    CROSS JOIN LATERAL (SELECT c.id FROM conversations AS c WHERE c.customer_id = given.customer_id OFFSET 0) AS place
    CROSS JOIN LATERAL (SELECT l.id, l.type, l.details FROM leads AS l
                        WHERE l.conversation_id = place.id AND l.deleted_at IS NULL OFFSET 0) AS lead
    ORDER BY lead.id
"""
_CONTENTS_BY_EXTERNAL_ID: Final = """
    SELECT lead.id, place.customer_id, customer.phone, lead.external_id, lead.type, lead.details, lead.status
    FROM unnest(%s::text[]) AS given (external_id)
    CROSS JOIN LATERAL (SELECT l.* FROM leads AS l
                        WHERE l.user_id = %s AND l.external_id = given.external_id AND l.deleted_at IS NULL
                        LIMIT 1) AS lead
    CROSS JOIN LATERAL (SELECT c.customer_id FROM conversations AS c WHERE c.id = lead.conversation_id LIMIT 1) AS place
    CROSS JOIN LATERAL (SELECT k.phone FROM customers AS k WHERE k.id = place.customer_id LIMIT 1) AS customer
"""
_CONTENTS_OF_CUSTOMERS: Final = """
    SELECT lead.id, given.customer_id, customer.phone, lead.external_id, lead.type, lead.details, lead.status
    FROM unnest(%s::uuid[]) AS given (customer_id)
    CROSS JOIN LATERAL (SELECT k.phone FROM customers AS k WHERE k.id = given.customer_id LIMIT 1) AS customer
    CROSS JOIN LATERAL (SELECT c.id FROM conversations AS c WHERE c.customer_id = given.customer_id OFFSET 0) AS place
    CROSS JOIN LATERAL (SELECT l.* FROM leads AS l
                        WHERE l.conversation_id = place.id AND l.deleted_at IS NULL OFFSET 0) AS lead
    ORDER BY lead.id
"""
# The rows are locked first, so that their former contents are those which the update replaces.
_REWRITE: Final = """
    WITH former AS MATERIALIZED (
        SELECT id, type, details, status, updated_at FROM leads WHERE id = ANY (%s::uuid[]) AND deleted_at IS NULL
        ORDER BY id FOR UPDATE
    )
    UPDATE leads AS l SET type = given.type, details = given.details, status = given.status, updated_at = now()
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) AS given (id, type, details, status)
    JOIN former ON former.id = given.id
    -- Both conditions, so that the index is used for these ids, whatever the statistics say.
    WHERE l.id = given.id AND l.id = ANY (%s::uuid[])
        AND (former.type, former.details, former.status) <> (given.type, given.details, given.status)
    RETURNING l.id, former.type, former.details, former.status, former.updated_at
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


class StoredLead(NamedTuple):
    """A lead with what an import may change. `phone` is its customer's; None where the number is hidden."""

    id: UUID
    customer_id: UUID
    phone: str | None
    external_id: str | None
    type: str
    details: str
    status: str


class LeadContents(NamedTuple):
    """The contents of a lead."""

    lead_id: UUID
    type: str
    details: str
    status: str


class Rewritten(NamedTuple):
    """A lead that `rewrite` has changed: its former contents, and when it was last updated before."""

    former: LeadContents
    updated_at: datetime


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

    def contents_by_external_id(self, *, user_id: UUID, external_ids: Collection[str]) -> list[StoredLead]:
        """Return the leads of a business with one of these external ids."""
        if not external_ids:
            return []
        return [StoredLead(*lead) for lead in fetch_rows(_CONTENTS_BY_EXTERNAL_ID, [array(external_ids), user_id])]

    def contents_of_customers(self, customer_ids: Collection[UUID]) -> list[StoredLead]:
        """Return all leads of these customers, oldest first."""
        if not customer_ids:
            return []
        return [StoredLead(*lead) for lead in fetch_rows(_CONTENTS_OF_CUSTOMERS, [array(customer_ids)])]

    def rewrite(self, contents: Sequence[LeadContents]) -> list[Rewritten]:
        """Update leads whose contents differ. Caller holds the transaction and has locked the customers."""
        if not contents:
            return []
        ids, *columns = column_arrays(contents)
        found = fetch_rows(_REWRITE, [ids, ids, *columns, ids])
        return [Rewritten(LeadContents(*former), updated_at) for *former, updated_at in found]
