"""Checks that statements read tables by index, whatever PostgreSQL's statistics are."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

# Statistics of a table: missing (-1), or collected while it was empty (0).
TUPLES = {"no statistics": -1, "statistics of empty tables": 0}


def statements(*modules: ModuleType) -> dict[str, str]:
    """The SQL statements of modules by their names; not the templates that statements are made of."""
    return {
        name: statement
        for module in modules
        for name, statement in vars(module).items()
        if isinstance(statement, str) and re.match(r"\s*(WITH|SELECT|INSERT|UPDATE)\b(?!.*{\w)", statement, re.DOTALL)
    }


def assert_reads_no_whole_table(statement: str, tuples: int, *, prepare: Callable[[], object] = list) -> None:
    """Plan the statement for all values, as the server does for a prepared one. `prepare` is called before, in the
    transaction.
    """
    # Of a large table without statistics PostgreSQL reads all rows into a hash table for a plain EXISTS, and no table
    # of a test is that large.
    assert all(body.rstrip().endswith("OFFSET 0") for body in _bodies_of_exists(statement)), statement
    count = statement.count("%s")
    numbers = iter(range(1, count + 1))
    numbered = re.sub("%s", lambda _: f"${next(numbers)}", statement)
    with _knowing(tuples) as cursor:
        prepare()
        cursor.execute(f"PREPARE planned AS {numbered}")
        arguments = ", ".join(["NULL"] * count)
        cursor.execute(f"EXPLAIN (COSTS OFF) EXECUTE planned ({arguments})")
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("DEALLOCATE planned")
    assert not re.search(r"Seq Scan|Hash Join|Merge Join", plan), plan
    # Each uses an index with a condition; a scan of a whole index has none.
    assert len(re.findall(r"Index Scan|Index Only Scan", plan)) == plan.count("Index Cond"), plan


def _bodies_of_exists(statement: str) -> Iterator[str]:
    for found in re.finditer(r"\bEXISTS \(", statement):
        depth = 1
        for end in range(found.end(), len(statement)):
            depth += {"(": 1, ")": -1}.get(statement[end], 0)
            if not depth:
                yield statement[found.end() : end]
                break


@contextmanager
def _knowing(tuples: int, *, pages: int = 0) -> Iterator[Any]:
    """Statistics that say that the tables have so many rows on so many pages."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM pg_statistic WHERE starelid >= 16384")
        cursor.execute(
            "UPDATE pg_class SET reltuples = %s, relpages = %s WHERE oid >= 16384 AND relkind IN ('r', 'i')",
            [tuples, pages],
        )
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        # With the default PostgreSQL 15 reads tables as small as those of tests whole.
        cursor.execute("SET LOCAL random_page_cost = 1.1")
        yield cursor
        transaction.set_rollback(True)


def assert_condition_is_of_an_index(rows: QuerySet[Any], column: str) -> None:
    """Fail where each row that an index gives is looked at for its value in this column. PostgreSQL multiplies the rows
    of a page by the table's real pages: to it the tables of the test are large.
    """
    with _knowing(1_000_000, pages=1):
        plan = rows.explain(costs=False)
    assert not re.search(rf"Filter: .*\b{column}\b", plan), plan


@contextmanager
def modes_of_plans(words: str) -> Iterator[set[str]]:
    """Collect the settings plan_cache_mode of the block's statements that have these words."""
    modes: set[str] = set()

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if words in sql:
            with context["connection"].connection.cursor() as cursor:
                modes.add(cursor.execute("SHOW plan_cache_mode").fetchone()[0])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield modes
