"""What a batch of customers has in the dump and here: lists, in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from conversations.models import Conversation
from leads.first_messages import DETAILS_MAX_LENGTH
from leads.migrating.plan import Found, Here, OldConversation, OldLead
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows

_OF_KEYS: Final = "WHERE owner = %s AND key = ANY (%s::text[]) AND outcome IS NULL AND problem IS NULL"
# OFFSET 0 keeps the planner from turning the look-ups into joins of whole tables.
_CONVERSATIONS: Final = f"""
    SELECT old.key, old.id, old.line, old.status, old.created_at, old.updated_at, old.last_message_at, old.notes,
        EXISTS (SELECT FROM conversations AS c WHERE c.id = old.id OFFSET 0),
        coalesce((SELECT m.conversation_id FROM old_rows AS r
                  CROSS JOIN LATERAL (SELECT conversation_id FROM messages WHERE id = r.id OFFSET 0) AS m
                  WHERE r.tbl = 'messages' AND r.conversation_id = old.id LIMIT 1),
                 (SELECT l.conversation_id FROM old_rows AS r
                  CROSS JOIN LATERAL (SELECT conversation_id FROM leads WHERE id = r.id OFFSET 0) AS l
                  WHERE r.tbl = 'leads' AND r.conversation_id = old.id LIMIT 1))
    FROM old_rows AS old {_OF_KEYS} AND tbl = 'conversations' ORDER BY n
"""  # noqa: S608 - constant text
_LEADS: Final = f"""
    SELECT old.key, old.id, old.line, old.conversation_id, old.kind, old.status, old.text, old.created_at,
        old.updated_at, old.notes, EXISTS (SELECT FROM leads AS l WHERE l.id = old.id OFFSET 0)
    FROM old_rows AS old {_OF_KEYS} AND tbl = 'leads' ORDER BY n
"""  # noqa: S608 - constant text
_STRAYS: Final = f"""
    SELECT key, min(created_at) FROM old_rows AS old {_OF_KEYS} AND tbl = 'messages' AND conversation_id IS NULL
        AND NOT EXISTS (SELECT FROM messages AS m WHERE m.id = old.id OFFSET 0)
    GROUP BY key
"""  # noqa: S608 - constant text
_NEW_IDS: Final = "SELECT uuid_v7() FROM generate_series(1, %s)"
# A customer's first message that has words, otherwise the first one.
_FIRST_WORDS: Final = """
    SELECT given.id, first.sort_at, left(btrim(first.content), %s)
    FROM unnest(%s::uuid[]) AS given (id)
    CROSS JOIN LATERAL (
        SELECT m.sort_at, m.content FROM messages AS m WHERE m.conversation_id = given.id AND m.direction = 'in'
        ORDER BY btrim(m.content) = '', m.sort_at LIMIT 1) AS first
"""


def find_all(business: UUID, customers: Mapping[str, UUID]) -> dict[str, Found]:
    """Everything about customers, given by phone key, in the dump and here. Caller holds the transaction and has locked
    them.
    """
    given = [business, array(customers)]
    conversations: defaultdict[str, list[OldConversation]] = defaultdict(list)
    for key, *values in fetch_rows(_CONVERSATIONS, given):
        conversations[key].append(OldConversation(*values))
    leads: defaultdict[str, list[OldLead]] = defaultdict(list)
    for key, *values in fetch_rows(_LEADS, given):
        leads[key].append(OldLead(*values))
    strays: dict[str, datetime] = dict(fetch_rows(_STRAYS, given))
    here = Conversation.objects.newest_of(list(customers.values()))
    return {
        key: Found(
            conversations=conversations[key],
            leads=leads[key],
            here=Here(*here[customer_id]) if customer_id in here else None,
            strays=strays.get(key),
        )
        for key, customer_id in customers.items()
    }


def new_ids(count: int) -> list[UUID]:
    return [row_id for (row_id,) in fetch_rows(_NEW_IDS, [count])]


def first_words(conversation_ids: Collection[UUID]) -> Sequence[tuple[UUID, datetime, str]]:
    """Of conversations in which the customer wrote: id, time and text of the first message that says something."""
    if not conversation_ids:
        return []
    return [(row[0], row[1], row[2]) for row in fetch_rows(_FIRST_WORDS, [DETAILS_MAX_LENGTH, array(conversation_ids)])]
