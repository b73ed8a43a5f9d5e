"""Messages that were written before they came here: from another system, with their ids and times."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from leadsite.core.arrays import array, column_arrays
from leadsite.core.statements import fetch_rows


class PastMessage(NamedTuple):
    """A message with its id and time. `sort_at`: its place in the conversation. It is never sent: `status` is
    received, or what became of it.
    """

    id: UUID
    user_id: UUID
    conversation_id: UUID
    address: str
    direction: str
    content: str
    provider_id: str | None
    status: str
    error: str
    created_at: datetime
    updated_at: datetime
    sort_at: datetime


# The channel is unknown, so these messages hold no 24-hour window open: see _CHATS in outgoing/outbox.py.
_INSERT: Final = """
    INSERT INTO messages (id, user_id, conversation_id, address, direction, content, provider_id, status, error,
                          created_at, updated_at, sort_at)
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                         %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
    ON CONFLICT DO NOTHING
    RETURNING id
"""
_SET_TIMES: Final = """
    UPDATE conversations AS c SET
        last_message_at = (SELECT m.sort_at FROM messages AS m WHERE m.conversation_id = given.id
                           ORDER BY m.sort_at DESC LIMIT 1),
        last_inbound_at = (SELECT m.sort_at FROM messages AS m
                           WHERE m.conversation_id = given.id AND m.direction = 'in' AND m.is_turn
                           ORDER BY m.sort_at DESC LIMIT 1)
    FROM unnest(%s::uuid[]) AS given (id)
    -- Both conditions, so that the index is used for these ids, whatever the statistics say.
    WHERE c.id = given.id AND c.id = ANY (%s::uuid[])
"""


class PastMessageManager:
    """The part of Message.objects by which messages come from another system."""

    def insert_past(self, rows: Sequence[PastMessage]) -> set[UUID]:
        """Insert messages, except those whose id or provider's id is stored; return the ids of the inserted ones.

        Caller holds the transaction and has locked the customers. Raises django.db.IntegrityError.
        """
        if not rows:
            return set()
        return {row_id for (row_id,) in fetch_rows(_INSERT, column_arrays(rows))}

    def set_times(self, conversation_ids: Sequence[UUID]) -> None:
        """Set when the last messages of conversations were written, from their messages. Caller holds the transaction
        and has locked the customers.
        """
        if conversation_ids:
            ids = array(conversation_ids)
            fetch_rows(_SET_TIMES, [ids, ids])
