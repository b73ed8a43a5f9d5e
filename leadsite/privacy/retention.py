"""Service that deletes what is older than the settings say. Each of them is days, and 0 keeps for ever.

In chunks, each in a short transaction: the locks of one that took all would keep deliveries waiting. What is old is
found without an index by age, which each message would have to be written to: a night reads each table once, a range
of ids at a time, and each chunk begins where the last one ended.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import Error, connection, transaction

from conversations.models import Conversation, Customer
from leads.models import IS_CLOSED
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import end_if_idle, retried
from leadsite.privacy.audit import forget_rows
from leadsite.privacy.customers import delete_customers

log = structlog.get_logger(__name__)

# Deletes rows of a range of ids that are older than that; returns up to which id it is done, and how many.
Step = Callable[[UUID, UUID, datetime], tuple[UUID, int]]
# Rows that are deleted in a transaction, and rows that a statement looks at: some milliseconds of time.
CHUNK: Final = 500
RANGE: Final = 20_000
_FIRST: Final = UUID(int=0)
_LAST: Final = UUID(int=2**128 - 1)
_END: Final = "SELECT id FROM {table} WHERE id > %s ORDER BY id OFFSET %s LIMIT 1"
# A customer with a lead that is closed and old. Deleted ones too: these are the tables.
_CLOSED: Final = f"""
    SELECT l.id, l.conversation_id, (SELECT v.customer_id FROM conversations AS v WHERE v.id = l.conversation_id)
    FROM leads AS l WHERE l.id > %s AND l.id <= %s AND l.{IS_CLOSED} AND l.updated_at < %s
    ORDER BY l.id LIMIT %s
"""  # noqa: S608 - constant text
# A merge that had the lock before has moved the others to a customer who is not locked: the next night deletes them.
_STILL_THEIRS: Final = """
    SELECT v.id FROM conversations AS v WHERE v.id = ANY (%s::uuid[]) AND v.customer_id = ANY (%s::uuid[])
"""
# Under the lock: somebody may have opened it again.
_STILL_CLOSED: Final = f"""
    DELETE FROM leads WHERE id = ANY (%s::uuid[]) AND conversation_id = ANY (%s::uuid[])
        AND {IS_CLOSED} AND updated_at < %s
    RETURNING id
"""  # noqa: S608 - constant text
_OLD_MESSAGES: Final = """
    SELECT m.id, m.conversation_id, (SELECT v.customer_id FROM conversations AS v WHERE v.id = m.conversation_id)
    FROM messages AS m
    WHERE m.id > %s AND m.id <= %s AND m.sort_at < %s AND m.status NOT IN ('queued', 'sending') ORDER BY m.id LIMIT %s
"""
_STILL_OLD: Final = """
    SELECT id FROM messages WHERE id = ANY (%s::uuid[]) AND conversation_id = ANY (%s::uuid[])
        AND status NOT IN ('queued', 'sending')
    FOR UPDATE
"""
_FORGET_FIRST: Final = "UPDATE leads SET first_message_id = NULL WHERE first_message_id = ANY (%s::uuid[])"
_DELETE_MESSAGES: Final = "DELETE FROM messages WHERE id = ANY (%s::uuid[])"
# Nothing is in it any more, or only what was written before the leads of it were closed.
_UNUSED: Final = """
    SELECT v.id FROM conversations AS v WHERE v.id = ANY (%s::uuid[])
        AND NOT EXISTS (SELECT FROM leads AS l WHERE l.conversation_id = v.id)
        AND NOT EXISTS (SELECT FROM messages AS m WHERE m.conversation_id = v.id
            AND (m.sort_at >= %s OR m.status IN ('queued', 'sending')))
"""
# What _UNUSED has seen, and nothing that came since. One that a merge had moved, until its undo, may be the first of a
# lead elsewhere.
_OF_UNUSED: Final = "conversation_id = ANY (%s::uuid[]) AND sort_at < %s AND status NOT IN ('queued', 'sending')"
_FORGET_THREADS: Final = f"""
    UPDATE leads SET first_message_id = NULL WHERE first_message_id = ANY (ARRAY(
        SELECT m.id FROM messages AS m WHERE {_OF_UNUSED}))
"""  # noqa: S608 - a constant
_DELETE_THREADS: Final = f"DELETE FROM messages WHERE {_OF_UNUSED}"  # noqa: S608 - a constant
_DELETE_CONVERSATIONS: Final = """
    DELETE FROM conversations AS v WHERE v.id = ANY (%s::uuid[])
        AND NOT EXISTS (SELECT FROM leads AS l WHERE l.conversation_id = v.id)
        AND NOT EXISTS (SELECT FROM messages AS m WHERE m.conversation_id = v.id)
    RETURNING v.id
"""
# Locked, because one that is sent again, or a run that goes on, keeps what it has.
_WITH_MEDIA: Final = """
    SELECT id FROM messages WHERE id > %s AND id <= %s
        AND parts ? 'media' AND sort_at < %s AND status NOT IN ('queued', 'sending') ORDER BY id LIMIT %s
    FOR NO KEY UPDATE
"""
# What a page shows of it, and what the provider sent: ids, addresses, names of files. The text beside it stays. A file
# without its message is deleted soon.
_FORGET_MEDIA: Final = """
    WITH old AS (SELECT %s::uuid[] AS ids),
    files AS (UPDATE stored_media SET message_id = NULL WHERE message_id = ANY ((SELECT ids FROM old)::uuid[]))
    UPDATE messages AS m SET parts = nullif(m.parts - 'media', '{}'), extras = m.extras - m.kind::text - 'media'
    WHERE m.id = ANY ((SELECT ids FROM old)::uuid[])
"""
_REFUSALS: Final = """
    SELECT id FROM import_refusals WHERE id > %s AND id <= %s AND created_at < %s ORDER BY id LIMIT %s
"""
_DELETE_REFUSALS: Final = "DELETE FROM import_refusals WHERE id = ANY (%s::uuid[])"
_WITH_PREVIEWS: Final = """
    SELECT id FROM import_runs WHERE id > %s AND id <= %s
        AND updated_at < %s AND state NOT IN ('preview', 'trying', 'waiting', 'running')
        AND (preview IS NOT NULL OR trial IS NOT NULL) ORDER BY id LIMIT %s
    FOR NO KEY UPDATE
"""
_FORGET_PREVIEWS: Final = "UPDATE import_runs SET preview = NULL, trial = NULL WHERE id = ANY (%s::uuid[])"


def delete_old(*, now: datetime, should_stop: Callable[[], bool]) -> Counter[str]:
    """Delete what is older than the settings say; return how many rows, by what they are. Opens transactions.

    A kind of rows that fails is logged and does not stop the others; what was deleted of it stays deleted, and the next
    night goes on. Raises ExceptionGroup of what the failed ones raised, after the last one; django.db.Error at once
    where the connection is lost.
    """
    deleted: Counter[str] = Counter()
    errors: list[Exception] = []
    for name, (days, table, step) in _steps().items():
        if not days:
            continue
        try:
            for count in _chunks(table, step, before=now - timedelta(days=days), should_stop=should_stop):
                deleted[name] += count
        except Exception as error:
            if isinstance(error, Error) and not connection.is_usable():
                raise
            log.exception("old_rows_not_deleted", rows=name)
            errors.append(error)
    if deleted:
        log.info("old_rows_deleted", **deleted)
    if errors:
        raise ExceptionGroup(f"{len(errors)} kinds of old rows were not deleted.", errors)
    return deleted


def _steps() -> dict[str, tuple[int, str, Step]]:
    """By what the rows are: their days, their table, and what deletes a chunk of them."""
    return {
        "leads": (settings.CLOSED_LEAD_DAYS, "leads", _delete_leads),
        "messages": (settings.MESSAGE_DAYS, "messages", _delete_messages),
        "media": (settings.MEDIA_DAYS, "messages", partial(_in_chunk, _WITH_MEDIA, _FORGET_MEDIA)),
        "refusals": (settings.REFUSAL_DAYS, "import_refusals", partial(_in_chunk, _REFUSALS, _DELETE_REFUSALS)),
        "previews": (settings.REFUSAL_DAYS, "import_runs", partial(_in_chunk, _WITH_PREVIEWS, _FORGET_PREVIEWS)),
    }


def _chunks(table: str, step: Step, *, before: datetime, should_stop: Callable[[], bool]) -> Iterator[int]:
    """Delete a chunk after the other; yield how many rows each had."""
    position = end = _FIRST
    while position != _LAST and not should_stop():
        if position == end:
            end = _end_of_range(table, position)
        position, count = step(position, end, before)
        if count:
            yield count


def _end_of_range(table: str, after: UUID) -> UUID:
    found = fetch_rows(_END.format(table=table), [after, RANGE - 1])
    return found[0][0] if found else _LAST


@retried(source="worker", operation="delete old leads")
def _delete_leads(after: UUID, until: UUID, before: datetime) -> tuple[UUID, int]:
    """Returns up to which id the range is done, and how many were deleted; so do the others."""
    # The customer may write, and staff may open the lead again, at the same moment: both wait for the customer's row.
    with transaction.atomic():
        end_if_idle()
        rows = fetch_rows(_CLOSED, [after, until, before, CHUNK])
        leads, conversations, customers = _ids_of(rows)
        if not leads:
            return until, 0
        conversations = _lock(conversations, customers)
        gone = _ids(_STILL_CLOSED, [array(leads), array(conversations), before])
        forget_rows(gone)
        _delete_unused(conversations, customers, before)
        return _position(rows, until), len(gone)


@retried(source="worker", operation="delete old messages")
def _delete_messages(after: UUID, until: UUID, before: datetime) -> tuple[UUID, int]:
    # A message may arrive at the same moment: it waits for the customer's row, and then finds the others gone.
    with transaction.atomic():
        end_if_idle()
        rows = fetch_rows(_OLD_MESSAGES, [after, until, before, CHUNK])
        messages, conversations, customers = _ids_of(rows)
        if not messages:
            return until, 0
        conversations = _lock(conversations, customers)
        gone = _ids(_STILL_OLD, [array(messages), array(conversations)])
        fetch_rows(_FORGET_FIRST, [array(gone)])
        fetch_rows(_DELETE_MESSAGES, [array(gone)])
        Conversation.objects.set_waiting(conversations)
        _delete_unused(conversations, customers, before)
        return _position(rows, until), len(gone)


@retried(source="worker", operation="delete old rows")
def _in_chunk(find: str, change: str, after: UUID, until: UUID, before: datetime) -> tuple[UUID, int]:
    with transaction.atomic():
        end_if_idle()
        rows = fetch_rows(find, [after, until, before, CHUNK])
        if rows:
            fetch_rows(change, [array(row[0] for row in rows)])
        return _position(rows, until), len(rows)


def _position(rows: list[tuple[Any, ...]], until: UUID) -> UUID:
    return rows[-1][0] if len(rows) == CHUNK else until


def _ids_of(rows: list[tuple[Any, ...]]) -> tuple[list[UUID], list[UUID], list[UUID]]:
    return [row[0] for row in rows], sorted({row[1] for row in rows}), sorted({row[2] for row in rows})


def _ids(statement: str, parameters: list[Any]) -> list[UUID]:
    return [id_ for (id_,) in fetch_rows(statement, parameters)]


def _lock(conversations: list[UUID], customers: list[UUID]) -> list[UUID]:
    """Lock the customers, and return those of the conversations that are still theirs. Caller holds the transaction."""
    locked = [customer.pk for customer in Customer.objects.lock(customers)]
    return _ids(_STILL_THEIRS, [array(conversations), array(locked)])


def _delete_unused(conversations: list[UUID], customers: list[UUID], before: datetime) -> None:
    """Delete those of the conversations that have no lead and no younger message, and customers without any. Caller
    holds the transaction and has locked the customers.
    """
    unused = _ids(_UNUSED, [array(conversations), before])
    fetch_rows(_FORGET_THREADS, [array(unused), before])
    fetch_rows(_DELETE_THREADS, [array(unused), before])
    forget_rows(_ids(_DELETE_CONVERSATIONS, [array(unused)]))
    delete_customers(customers)
