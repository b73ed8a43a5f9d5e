"""Keeps PostgreSQL's statistics of tables that grow quickly, which autovacuum looks at once a minute, or never.

Note [Plans of small tables]: a table of few rows is read as a whole, and PostgreSQL keeps such plans, also those of
foreign-key checks, for as long as the connection lives or until the table is analysed again. After an import of 300,000
leads each check of a connection from before reads 300,000 rows. ANALYZE makes all sessions plan again.
"""

from collections.abc import Iterable
from contextlib import nullcontext

import structlog
from django.db import DatabaseError, connection, transaction

from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows

log = structlog.get_logger(__name__)

# Tables larger by half than when they were last analysed; a table that never was has relpages 0. The first eight pages
# (64 kB) do not count, because a scan of these is as fast as an index.
_GROWN = """
    SELECT c.oid::regclass::text FROM unnest(%s::text[]) AS given (name)
    JOIN pg_class AS c ON c.oid = to_regclass(given.name)
    WHERE pg_relation_size(c.oid) > current_setting('block_size')::bigint * (8 + c.relpages * 1.5)
"""


def analyze_grown(tables: Iterable[str]) -> list[str]:
    """Analyse those of the tables that have grown by half since they were last analysed; return their names.

    For a writer of many rows, between its transactions: no reader or writer waits, because ANALYZE
    blocks only VACUUM and ANALYZE of the same table, and skips a table that is locked. In a caller's
    transaction it blocks those until the end.

    The function analyze_table does it as the owner of the tables. Errors of the database are logged, because the rows
    are stored; the next statement meets a lost connection.
    """
    try:
        # An error in a caller's transaction is undone by a savepoint. Outside, each ANALYZE commits.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            grown = [name for (name,) in fetch_rows(_GROWN, [array(tables)])]
            for name in grown:
                fetch_rows("SELECT analyze_table(%s::text::regclass)::text", [name])
            return grown
    except DatabaseError as error:
        log.warning("analyze_failed", error=str(error))
        return []
