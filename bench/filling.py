"""Fills a business with leads, conversations and messages, as rows that were there before: for bench.pages, and for the
tests of plans (tests/large_business.py).
"""

from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg

TABLES: Final = ("customers", "conversations", "leads", "messages")
_SCRIPTS: Final = ("history.sql", "messages.sql")
_INDEXES: Final = """
    SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY (%s) AND indexdef NOT LIKE 'CREATE UNIQUE%%'
"""
_LAST: Final = """
    UPDATE conversations AS c SET last_message_at = last.sort_at, last_inbound_at = last.sort_at,
        waiting_since = CASE WHEN last.direction = 'in' AND c.status = 'active' THEN last.sort_at END
    FROM (SELECT DISTINCT ON (conversation_id) conversation_id, sort_at, direction FROM messages
          WHERE user_id = %(user_id)s ORDER BY conversation_id, sort_at DESC, id DESC) AS last
    WHERE c.id = last.conversation_id
"""


def fill(connection: psycopg.Connection[Any], user_id: UUID, *, leads: int, conversations: int, messages: int) -> None:
    """Make the rows. `connection`: in autocommit, of a superuser, and with no further use for the caller, because its
    settings are others. `conversations`: those with messages; `messages`: of each of these. The business has one
    channel.
    """
    channel = connection.execute("SELECT id FROM channels WHERE user_id = %s", [user_id]).fetchone()
    assert channel
    values = {"user_id": user_id, "rows": leads, "channel_id": channel[0]}
    values |= {"conversations": conversations, "each": messages}
    # As rows that were there before the audit.
    connection.execute("SET session_replication_role = replica; SET statement_timeout = 0")
    connection.execute("SET maintenance_work_mem = '512MB'; SET synchronous_commit = off")
    with connection.transaction():
        # Faster to make once afterwards than to keep up to date row by row, those of words above all.
        indexes = connection.execute(_INDEXES, [list(TABLES)]).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}".encode())
        for script in _SCRIPTS:
            print(f"Filling: {script} …", flush=True)
            connection.execute((Path(__file__).parent / script).read_text().encode(), values)
        for _, definition in indexes:
            connection.execute(definition)
        connection.execute(_LAST, values)
    connection.execute(f"VACUUM ANALYZE {', '.join(TABLES)}".encode())
