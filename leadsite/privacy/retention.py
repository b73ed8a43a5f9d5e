"""Service that deletes what is older than the settings say. Each of them is days, and 0 keeps for ever.

In chunks, each in a short transaction: the locks of one that took all would keep deliveries waiting.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, transaction

from conversations.models import Conversation, Customer
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import end_if_idle, retried
from leadsite.privacy.audit import erase_entries

log = structlog.get_logger(__name__)

CHUNK: Final = 500
# A customer with a lead that is closed and old. Deleted ones too: these are the tables.
_CLOSED: Final = """
    SELECT l.id, l.conversation_id, v.customer_id FROM leads AS l JOIN conversations AS v ON v.id = l.conversation_id
    WHERE l.status IN ('converted', 'lost') AND l.updated_at < %s LIMIT %s
"""
# Under the lock: somebody may have opened it again.
_STILL_CLOSED: Final = """
    DELETE FROM leads WHERE id = ANY (%s::uuid[]) AND status IN ('converted', 'lost') AND updated_at < %s RETURNING id
"""
_OLD_MESSAGES: Final = """
    SELECT m.id, m.conversation_id, v.customer_id FROM messages AS m
    JOIN conversations AS v ON v.id = m.conversation_id
    WHERE m.sort_at < %s AND m.status NOT IN ('queued', 'sending') LIMIT %s
"""
_FORGET_FIRST: Final = "UPDATE leads SET first_message_id = NULL WHERE first_message_id = ANY (%s::uuid[])"
_DELETE_MESSAGES: Final = """
    DELETE FROM messages WHERE id = ANY (%s::uuid[]) AND status NOT IN ('queued', 'sending') RETURNING id
"""
# Nothing is in it any more, or only what was written before the leads of it were closed.
_UNUSED: Final = """
    SELECT v.id FROM conversations AS v WHERE v.id = ANY (%s::uuid[])
        AND NOT EXISTS (SELECT FROM leads AS l WHERE l.conversation_id = v.id)
        AND NOT EXISTS (SELECT FROM messages AS m WHERE m.conversation_id = v.id
            AND (m.sort_at >= %s OR m.status IN ('queued', 'sending')))
"""
# One that a merge had moved, until its undo, may be the first of a lead elsewhere.
_FORGET_THREADS: Final = """
    UPDATE leads SET first_message_id = NULL WHERE first_message_id = ANY (ARRAY(
        SELECT m.id FROM messages AS m WHERE m.conversation_id = ANY (%s::uuid[])))
"""
_DELETE_THREADS: Final = "DELETE FROM messages WHERE conversation_id = ANY (%s::uuid[])"
_DELETE_CONVERSATIONS: Final = "DELETE FROM conversations WHERE id = ANY (%s::uuid[])"
# Not those who want no marketing: that must not be forgotten.
_DELETE_CUSTOMERS: Final = """
    DELETE FROM customers AS c WHERE c.id = ANY (%s::uuid[]) AND c.marketing_opted_out_at IS NULL
        AND NOT EXISTS (SELECT FROM conversations AS v WHERE v.customer_id = c.id) RETURNING c.id
"""
# What a page shows of it, and what the provider sent: ids, addresses, names of files. The text beside it stays. A file
# without its message is deleted soon.
_FORGET_MEDIA: Final = """
    WITH old AS MATERIALIZED (
        SELECT id FROM messages
        WHERE parts ? 'media' AND sort_at < %s AND status NOT IN ('queued', 'sending') LIMIT %s
    ), files AS (UPDATE stored_media SET message_id = NULL WHERE message_id = ANY (ARRAY(SELECT id FROM old)))
    UPDATE messages AS m SET parts = nullif(m.parts - 'media', '{}'), extras = m.extras - m.kind::text - 'media'
    WHERE m.id = ANY (ARRAY(SELECT id FROM old))
"""
_DELETE_REFUSALS: Final = """
    DELETE FROM import_refusals WHERE id = ANY (ARRAY(SELECT id FROM import_refusals WHERE created_at < %s LIMIT %s))
"""
_FORGET_PREVIEWS: Final = """
    UPDATE import_runs SET preview = NULL, trial = NULL WHERE id = ANY (ARRAY(
        SELECT id FROM import_runs WHERE updated_at < %s AND state NOT IN ('preview', 'trying', 'waiting', 'running')
            AND (preview IS NOT NULL OR trial IS NOT NULL) LIMIT %s))
"""


def delete_old(*, now: datetime) -> Counter[str]:
    """Delete what is older than the settings say; return how many rows, by what they are. Opens transactions.

    Raises django.db.Error; what was deleted until then stays deleted.
    """
    steps: dict[str, tuple[int, Callable[[datetime], int]]] = {
        "leads": (settings.CLOSED_LEAD_DAYS, _delete_leads),
        "messages": (settings.MESSAGE_DAYS, _delete_messages),
        "media": (settings.MEDIA_DAYS, lambda before: _in_chunks(_FORGET_MEDIA, before)),
        "refusals": (settings.REFUSAL_DAYS, lambda before: _in_chunks(_DELETE_REFUSALS, before)),
        "previews": (settings.REFUSAL_DAYS, lambda before: _in_chunks(_FORGET_PREVIEWS, before)),
    }
    deleted: Counter[str] = Counter()
    for name, (days, step) in steps.items():
        before = now - timedelta(days=days)
        while days and (count := step(before)):
            deleted[name] += count
    if deleted:
        log.info("old_rows_deleted", **deleted)
    return deleted


@retried(source="worker", operation="delete old leads")
def _delete_leads(before: datetime) -> int:
    # The customer may write, and staff may open the lead again, at the same moment: both wait for the customer's row.
    with transaction.atomic():
        end_if_idle()
        leads, conversations, customers = _chunk(_CLOSED, before)
        if not leads:
            return 0
        Customer.objects.lock(customers)
        gone = [lead_id for (lead_id,) in fetch_rows(_STILL_CLOSED, [array(leads), before])]
        erase_entries([*gone, *_delete_unused(conversations, customers, before)])
        return len(gone)


@retried(source="worker", operation="delete old messages")
def _delete_messages(before: datetime) -> int:
    # A message may arrive at the same moment: it waits for the customer's row, and then finds the others gone.
    with transaction.atomic():
        end_if_idle()
        messages, conversations, customers = _chunk(_OLD_MESSAGES, before)
        if not messages:
            return 0
        Customer.objects.lock(customers)
        fetch_rows(_FORGET_FIRST, [array(messages)])
        gone = fetch_rows(_DELETE_MESSAGES, [array(messages)])
        Conversation.objects.set_waiting(conversations)
        erase_entries(_delete_unused(conversations, customers, before))
        return len(gone)


def _chunk(statement: str, before: datetime) -> tuple[list[UUID], list[UUID], list[UUID]]:
    rows = fetch_rows(statement, [before, CHUNK])
    return [row[0] for row in rows], sorted({row[1] for row in rows}), sorted({row[2] for row in rows})


def _delete_unused(conversations: list[UUID], customers: list[UUID], before: datetime) -> list[UUID]:
    """Delete those of the conversations that have no lead and no younger message, and customers without any; return
    the ids of both. Caller holds the transaction and has locked the customers.
    """
    unused = [conversation_id for (conversation_id,) in fetch_rows(_UNUSED, [array(conversations), before])]
    fetch_rows(_FORGET_THREADS, [array(unused)])
    fetch_rows(_DELETE_THREADS, [array(unused)])
    fetch_rows(_DELETE_CONVERSATIONS, [array(unused)])
    return unused + [customer_id for (customer_id,) in fetch_rows(_DELETE_CUSTOMERS, [array(customers)])]


@retried(source="worker", operation="delete old rows")
def _in_chunks(statement: str, before: datetime) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        end_if_idle()
        cursor.execute(statement, [before, CHUNK])
        return int(cursor.rowcount)
