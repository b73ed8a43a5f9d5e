"""How conversations are joined, reopened and opened: lists, in one statement each."""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from django.db import models

from leadsite.core.arrays import array, column_arrays
from leadsite.core.statements import fetch_rows

M = TypeVar("M", bound=models.Model)

_ACTIVE: Final = "active"


class Opening(NamedTuple):
    """A request for a conversation of this status with a customer; the times are those of messages that come along."""

    user_id: UUID
    customer_id: UUID
    status: str = "active"
    last_message_at: datetime | None = None
    last_inbound_at: datetime | None = None
    waiting_since: datetime | None = None


class Opened(NamedTuple):
    """The conversation for an Opening. `created`: it is new."""

    id: UUID
    created: bool


class PastConversation(NamedTuple):
    """A conversation from another system, with its id and times."""

    id: UUID
    user_id: UUID
    customer_id: UUID
    status: str
    created_at: datetime
    updated_at: datetime
    last_message_at: datetime | None


class OpeningManager(models.Manager[M]):
    def join_or_open(self, openings: Sequence[Opening], *, reopen_completed: bool = False) -> list[Opened]:
        """Return a conversation for each opening, in the order given. Caller holds the transaction and has locked the
        customers.

        Status `active` joins the customer's active conversation if there is one; with `reopen_completed` it reopens the
        newest if that is completed; otherwise it opens a conversation, which the customer's other `active` openings
        join. Any other status always opens a new conversation. Times move the conversation's forward, those of a
        customer's first `active` opening, unless it was reopened. Raises django.db.IntegrityError.
        """
        joined = self._reopen(openings) if reopen_completed else {}
        missing = _missing(openings, joined)
        closed: defaultdict[tuple[UUID, str], deque[Opened]] = defaultdict(deque)
        for conversation_id, customer_id, status, created in self._insert(missing):
            if status == _ACTIVE:
                joined[customer_id] = Opened(conversation_id, created)
            else:
                closed[customer_id, status].append(Opened(conversation_id, created))
        result = []
        for opening in openings:
            if opening.status == _ACTIVE:
                opened = joined[opening.customer_id]
                result.append(opened)
                if opened.created and len(missing) < len(openings):  # it was made for the first that joins it
                    joined[opening.customer_id] = Opened(opened.id, created=False)
            else:
                result.append(closed[opening.customer_id, opening.status].popleft())
        return result

    def insert_past(self, rows: Sequence[PastConversation]) -> None:
        """Insert conversations from another system. Caller holds the transaction and has locked the customers.

        Raises django.db.IntegrityError: conversations_one_active, or another constraint of the table.
        """
        if rows:
            fetch_rows(_INSERT_PAST, column_arrays(rows))

    def newest_of(self, customer_ids: Collection[UUID]) -> dict[UUID, tuple[UUID, str]]:
        """Return id and status of each customer's active conversation, otherwise of the newest, by customer."""
        found = fetch_rows(_NEWEST_OF, [array(customer_ids)])
        return {customer_id: (conversation_id, status) for customer_id, conversation_id, status in found}

    def _reopen(self, openings: Iterable[Opening]) -> dict[UUID, Opened]:
        customer_ids = {opening.customer_id for opening in openings if opening.status == _ACTIVE}
        reopened = fetch_rows(_REOPEN, [array(customer_ids)]) if customer_ids else []
        return {customer_id: Opened(id_, created=False) for id_, customer_id in reopened}

    def _insert(self, openings: Sequence[Opening]) -> list[tuple[Any, ...]]:
        if not openings:
            return []
        return fetch_rows(_JOIN_OR_OPEN, column_arrays(openings))


def _missing(openings: Iterable[Opening], joined: Collection[UUID]) -> list[Opening]:
    """The conversations to insert, in the order of `openings`: at most one active for each customer."""
    has_active = set(joined)
    missing = []
    for opening in openings:
        if opening.status == _ACTIVE:
            if opening.customer_id in has_active:
                continue
            has_active.add(opening.customer_id)
        missing.append(opening)
    return missing


# Of a conversation c: its assignee, NULL where that is somebody who has left the business, only views it, or cannot log
# in: nobody would work on it. The business itself and operators work for it without a membership.
STILL_ASSIGNED: Final = """
    (SELECT u.id FROM users AS u WHERE u.id = c.assigned_to_id AND (u.id = c.user_id OR u.is_active AND (
        u.is_superuser OR EXISTS (
            SELECT FROM memberships AS w WHERE w.person_id = u.id AND w.business_id = c.user_id
               AND w.role <> 'viewer' OFFSET 0)))
     LIMIT 1)
"""
# now() is the time of the transaction, the same for a customer, conversation and lead created together (see undo.py).
# DO UPDATE, not DO NOTHING: it returns the existing row in its current state, and waits for a transaction that is
# closing it. xmax is 0 in a row that this statement inserted, and not 0 in one that it updated.
_JOIN_OR_OPEN: Final = """
    INSERT INTO conversations AS c (user_id, customer_id, status, last_message_at, last_inbound_at, waiting_since,
                                    created_at, updated_at)
    SELECT *, now(), now() FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[],
                                       %s::timestamptz[])
    ON CONFLICT (customer_id) WHERE status = 'active' AND deleted_at IS NULL DO UPDATE SET
        last_message_at = greatest(c.last_message_at, excluded.last_message_at),
        last_inbound_at = greatest(c.last_inbound_at, excluded.last_inbound_at),
        -- The customer has written: the reminder is of no use any more.
        snoozed_until = CASE WHEN excluded.last_inbound_at >= coalesce(c.last_inbound_at, '-infinity') THEN NULL
                             ELSE c.snoozed_until END,
        updated_at = now()
    RETURNING c.id, c.customer_id, c.status, c.xmax = 0
"""
# What had been completed or archived there is handled: who writes again waits from then on.
_INSERT_PAST: Final = """
    INSERT INTO conversations (id, user_id, customer_id, status, created_at, updated_at, last_message_at, handled_at)
    SELECT given.*, CASE WHEN given.status <> 'active' THEN now() END
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[],
                %s::timestamptz[]) AS given (id, user_id, customer_id, status, created_at, updated_at, last_message_at)
"""
_NEWEST_OF: Final = """
    SELECT given.customer_id, newest.id, newest.status FROM unnest(%s::uuid[]) AS given (customer_id)
    CROSS JOIN LATERAL (
        SELECT id, status FROM conversations AS c
        WHERE c.customer_id = given.customer_id AND c.deleted_at IS NULL
        ORDER BY c.status = 'active' DESC, c.created_at DESC, c.id DESC LIMIT 1) AS newest
"""
# The customer's active conversation; otherwise the newest, if that is completed.
_REOPEN: Final = f"""
    UPDATE conversations AS c SET status = 'active', updated_at = now(),
        assigned_to_id = CASE WHEN c.status = 'active' THEN c.assigned_to_id ELSE {STILL_ASSIGNED} END
    WHERE c.id = ANY (ARRAY(
        SELECT newest.id FROM unnest(%s::uuid[]) AS given (customer_id)
        CROSS JOIN LATERAL (
            SELECT id, status FROM conversations AS o
            WHERE o.customer_id = given.customer_id AND o.deleted_at IS NULL
            ORDER BY o.status = 'active' DESC, o.created_at DESC, o.id DESC LIMIT 1) AS newest
        WHERE newest.status IN ('active', 'completed')))
    RETURNING c.id, c.customer_id
"""  # noqa: S608 - constant text
