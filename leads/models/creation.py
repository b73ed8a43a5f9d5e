"""How leads are inserted, and which of a customer are open: lists, in one statement each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from django.db import models

from leads.models.statuses import IS_OPEN
from leadsite.core.arrays import array, column_arrays
from leadsite.core.statements import fetch_rows

M = TypeVar("M", bound=models.Model)


class LeadRow(NamedTuple):
    """A lead to insert. `referral`: a JSON document as text. `id`, `created_at` and `updated_at` are those of a lead
    from another system or a file; None: a new id, now.
    """

    user_id: UUID
    conversation_id: UUID
    type: str
    source: str
    details: str = ""
    status: str = "new"
    external_id: str | None = None
    import_run_id: UUID | None = None
    first_message_id: UUID | None = None
    referral: str | None = None
    id: UUID | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    import_line: int | None = None


class LeadCreationManager(models.Manager[M]):
    def insert(self, rows: Sequence[LeadRow]) -> list[UUID]:
        """Insert leads; return their ids in the order of `rows`; new ids increase. Caller holds the transaction and has
        locked the customers.

        Open leads of a business that has them assigned in turn are, and so are their conversations, unless somebody has
        them: see take_turns.sql. Not leads from another system. Without this setting there is no further statement.

        Raises django.db.IntegrityError: leads_external_id_unique, or another constraint of the table.
        """
        if not rows:
            return []
        inserted = fetch_rows(_INSERT, column_arrays(rows))
        turns = {row.conversation_id: person for row, (_, person) in zip(rows, inserted, strict=True) if person}
        if turns:
            fetch_rows(_ASSIGN_CONVERSATIONS, [array(turns), array(turns.values())])
        return [lead_id for lead_id, _ in inserted]

    def open_of(self, customer_id: UUID, *, limit: int) -> list[UUID]:
        """Return the ids of a customer's open leads, newest first."""
        return [lead_id for (lead_id,) in fetch_rows(_OPEN_OF, [customer_id, limit])]


# The only INSERT of leads in Python. The ids are generated first, so that each can be matched to its row. now() is the
# start of the transaction, so a lead has the same updated_at as a conversation and customer inserted with it (undo.py);
# created_at may be the date that a file says. OFFSET 0: PostgreSQL 15 would join rotations, and read all of it.
_INSERT: Final = f"""
    WITH given AS MATERIALIZED (
        SELECT coalesce(given_id, uuid_v7()) AS id, lead.* FROM unnest(
            %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::uuid[],
            %s::jsonb[], %s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::integer[])
            WITH ORDINALITY AS lead (user_id, conversation_id, type, source, details, status, external_id,
                import_run_id, first_message_id, referral, given_id, created_at, updated_at, import_line, n)
    ), turns AS MATERIALIZED (
        SELECT leads.*, take_turns(user_id, cardinality(ids)) AS people FROM (
            SELECT user_id, array_agg(id ORDER BY n) AS ids FROM given
            WHERE given_id IS NULL AND {IS_OPEN} GROUP BY user_id OFFSET 0) AS leads
        WHERE EXISTS (SELECT FROM rotations AS r WHERE r.business_id = leads.user_id OFFSET 0)
    ), ready AS MATERIALIZED (
        SELECT given.*, (SELECT people[array_position(ids, given.id)] FROM turns WHERE turns.user_id = given.user_id)
            AS assigned_to_id
        FROM given
    ), made AS (
        INSERT INTO leads (id, user_id, conversation_id, type, source, details, status, external_id, import_run_id,
                           import_line, first_message_id, referral, assigned_to_id, created_at, updated_at)
        SELECT id, user_id, conversation_id, type, source, details, status, external_id, import_run_id,
               import_line, first_message_id, referral, assigned_to_id,
               coalesce(created_at, now()), coalesce(updated_at, now())
        FROM ready ORDER BY n
    )
    SELECT id, assigned_to_id FROM ready ORDER BY n
"""  # noqa: S608 - constant text
_ASSIGN_CONVERSATIONS: Final = """
    UPDATE conversations AS c SET assigned_to_id = turn.person_id, updated_at = now()
    FROM unnest(%s::uuid[], %s::uuid[]) AS turn (id, person_id)
    WHERE c.id = turn.id AND c.assigned_to_id IS NULL
"""
_OPEN_OF: Final = f"""
    SELECT l.id FROM conversations AS c
    CROSS JOIN LATERAL (
        SELECT id, created_at FROM leads
        WHERE conversation_id = c.id AND {IS_OPEN} AND deleted_at IS NULL OFFSET 0
    ) AS l
    WHERE c.customer_id = %s
    ORDER BY l.created_at DESC, l.id DESC LIMIT %s
"""  # noqa: S608 - constant text
