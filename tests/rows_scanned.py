"""What sequential scans cost: a measure of plans that does not depend on the machine's speed."""

from collections.abc import Callable, Iterable, Sequence

from django.db import connection, transaction

from leadsite.core.statements import fetch_rows

GROWING = ("customers", "conversations", "leads", "messages")


def without_autovacuum(tables: Sequence[str] = GROWING) -> None:
    """Empty the tables, and let them be as where autovacuum is late. `with_autovacuum` ends it."""
    fetch_rows(f"TRUNCATE {', '.join(tables)} CASCADE")  # rows that a test deleted leave their pages
    _set_autovacuum(tables, "SET (autovacuum_enabled = off)")


def with_autovacuum(tables: Iterable[str] = GROWING) -> None:
    _set_autovacuum(tables, "RESET (autovacuum_enabled)")


def _set_autovacuum(tables: Iterable[str], clause: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} {clause}")


def analyze(tables: Iterable[str] = GROWING) -> None:
    for table in tables:
        fetch_rows(f"ANALYZE {table}")


def rows_scanned(work: Callable[[], object]) -> int:
    """How many rows of the growing tables `work`, in this session, reads by sequential scans."""
    before = _rows_read("seq_tup_read")
    work()
    return _rows_read("seq_tup_read") - before


def rows_visited(work: Callable[[], object], tables: Sequence[str] = GROWING) -> int:
    """How many rows of the tables `work`, in this session, reads by scans and by indexes, also those that a filter
    then removes.
    """
    before = _rows_read("seq_tup_read + idx_tup_fetch", tables)
    work()
    return _rows_read("seq_tup_read + idx_tup_fetch", tables) - before


def _rows_read(columns: str, tables: Sequence[str] = GROWING) -> int:
    fetch_rows("SELECT pg_stat_force_next_flush()")
    fetch_rows("SELECT pg_stat_clear_snapshot()")
    ((rows,),) = fetch_rows(
        f"SELECT sum({columns})::bigint FROM pg_stat_user_tables WHERE relname = ANY (%s)", [list(tables)]
    )
    return int(rows)
