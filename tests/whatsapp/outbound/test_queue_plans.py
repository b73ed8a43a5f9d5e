"""Statements of the queue scan no whole table or index, whatever PostgreSQL's statistics say."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from conversations.models import statuses
from conversations.models.outgoing import attempts, outbox, reported
from tests.factories import Business
from tests.whatsapp import meta
from tests.whatsapp.mailing import TOKEN
from whatsapp.channels import connect_channel
from whatsapp.models import ready_channels

pytestmark = pytest.mark.django_db

# PostgreSQL is right to scan a table of a few pages as a whole.
QUEUED = 3000
STATEMENTS = {
    name: statement
    for module in (attempts, outbox, reported, statuses, ready_channels)
    for name, statement in vars(module).items()
    if isinstance(statement, str) and re.match(r"\s*(SELECT|INSERT|UPDATE|WITH)\s", statement)
}
# The statistics of the tables: none yet, from when they were empty, or current.
TUPLES = {"no statistics": -1, "statistics of empty tables": 0, "statistics": None}
FILL = """
    WITH parked AS (
        INSERT INTO parked_statuses (user_id, provider_id, status) SELECT %(user)s, 'wamid.' || n, 'sent'
        FROM generate_series(1, 10 * %(count)s) AS n
    ), customer AS (
        INSERT INTO customers (user_id, phone) SELECT %(user)s, '+49151' || lpad(n::text, 8, '0')
        FROM generate_series(1, %(count)s) AS n RETURNING id, phone
    ), chat AS (
        INSERT INTO conversations (user_id, customer_id) SELECT %(user)s, id FROM customer RETURNING id, customer_id
    )
    INSERT INTO messages (user_id, conversation_id, direction, status, content, channel_id, address, due_at)
    SELECT %(user)s, chat.id, 'out', 'queued', 'Your cake is ready', %(channel)s, customer.phone, now()
    FROM chat JOIN customer ON customer.id = chat.customer_id
"""


@contextmanager
def with_statistics(tuples: int | None) -> Iterator[Any]:
    with transaction.atomic(), connection.cursor() as cursor:
        if tuples is None:
            cursor.execute("ANALYZE messages, conversations, customers, parked_statuses")
        else:
            cursor.execute("DELETE FROM pg_statistic WHERE starelid >= 16384")
            cursor.execute(
                "UPDATE pg_class SET reltuples = %s, relpages = 0 WHERE oid >= 16384 AND relkind IN ('r', 'i')",
                [tuples],
            )
        # One plan for all values, as the server makes it for a prepared statement.
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        yield cursor
        transaction.set_rollback(True)


def plan_of(cursor: Any, statement: str) -> str:
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        name = match[1] or f"value {len(names)}"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    numbered = re.sub(r"%(?:\((\w+)\))?s", number, statement)
    cursor.execute(f"PREPARE planned AS {numbered}")
    given = f"({', '.join(['NULL'] * len(names))})" if names else ""
    cursor.execute(f"EXPLAIN (COSTS OFF) EXECUTE planned {given}")
    plan = "".join(f"{line}\n" for (line,) in cursor.fetchall())
    cursor.execute("DEALLOCATE planned")
    return plan


def test_the_statements_are_found():
    expected = {"_LOCK_READY", "_LOCK_DUE", "_LEASE", "_EXPIRE_LEASES", "_QUEUE", "_LOCK_REPORTED", "_WRITE_STATUSES"}
    expected |= {"_PARK", "_WRITE_PARKED", "_CHATS", "_LOCK_ATTEMPTS", "_WAS_OVERTAKEN", "_REQUEUE"}
    assert expected <= set(STATEMENTS)


@pytest.mark.parametrize("tuples", TUPLES.values(), ids=TUPLES)
def test_no_statement_scans_all_messages_or_customers(owner: Business, tuples: int | None) -> None:
    channel = connect_channel(user_id=owner.id, phone_number_id=meta.CHANNEL, access_token=TOKEN)
    with connection.cursor() as filling:
        filling.execute(FILL, {"user": owner.id, "count": QUEUED, "channel": channel.pk})
    with with_statistics(tuples) as cursor:
        plans = {name: plan_of(cursor, statement) for name, statement in STATEMENTS.items()}
    for name, plan in plans.items():
        # Each index is read with a condition, and not as a whole. The channels of all businesses fit into one page.
        scanned = re.findall(r"Seq Scan on (\w+)", plan)
        scanned += re.findall(r"Index(?: Only)? Scan(?: Backward)? (?:using \w+ )?on (\w+).*\n(?!\s+Index Cond)", plan)
        assert not set(scanned) - {"channels"}, f"{name}\n{plan}"
