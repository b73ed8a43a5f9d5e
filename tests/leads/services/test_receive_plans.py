"""Statements of deliveries scan no whole table, whatever PostgreSQL's statistics say."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from conversations.models import conversations as conversations_sql
from conversations.models import inbound as messages_sql
from conversations.models import senders as customers_sql
from leads.models import inbound as leads_sql
from leads.services.receive import prepare_transaction

pytestmark = pytest.mark.django_db

STATEMENTS = {
    name: statement
    for module in (customers_sql, conversations_sql, messages_sql, leads_sql)
    for name, statement in vars(module).items()
    # Without templates that are parts of statements.
    if isinstance(statement, str) and re.match(r"\s*(SELECT|INSERT|UPDATE)\b(?!.*{\w)", statement, re.DOTALL)
}
# PostgreSQL's statistics (reltuples): never collected, or collected when the tables were empty.
TUPLES = {"no statistics": -1, "statistics of empty tables": 0}


@contextmanager
def knowing(tuples: int) -> Iterator[Any]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM pg_statistic WHERE starelid >= 16384")
        cursor.execute(
            "UPDATE pg_class SET reltuples = %s, relpages = 0 WHERE oid >= 16384 AND relkind IN ('r', 'i')", [tuples]
        )
        prepare_transaction(businesses=[])
        # A generic plan, as for a prepared statement.
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        yield cursor
        transaction.set_rollback(True)


def test_there_are_statements():
    of_customers = {"_KNOWN", "_WRITE_BY_PHONE", "_WRITE_BY_ID"}
    assert of_customers | {"_PLACES", "_STORE", "_JOIN", "_JOIN_OR_OPEN", "_CORRECT"} <= set(STATEMENTS)


@pytest.mark.parametrize("tuples", TUPLES.values(), ids=TUPLES)
@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_no_statement_reads_a_whole_table(name: str, tuples: int) -> None:
    statement = STATEMENTS[name]
    count = statement.count("%s")
    numbers = iter(range(1, count + 1))
    numbered = re.sub("%s", lambda _: f"${next(numbers)}", statement)
    with knowing(tuples) as cursor:
        cursor.execute(f"PREPARE planned AS {numbered}")
        arguments = ", ".join(["NULL"] * count)
        cursor.execute(f"EXPLAIN (COSTS OFF) EXECUTE planned ({arguments})")
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("DEALLOCATE planned")
    assert not re.search(r"Seq Scan|Hash Join|Merge Join", plan), plan
    # Each reads an index by a condition, not the whole index.
    assert len(re.findall(r"Index Scan|Index Only Scan", plan)) == plan.count("Index Cond"), plan
