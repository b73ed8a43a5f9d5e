"""The test database: deletes the rows that a test has committed, and reads its catalogue."""

from typing import Final

from django.db import connection

# Written by migrations or by Django after them, the same for all tests.
KEPT: Final = {"auth_permission", "django_content_type", "django_migrations"}


def delete_all_rows() -> None:
    """Empty all tables, also those of procrastinate. Opens the transaction.

    TRUNCATE creates new files for each table and index, which takes half a second; DELETE takes ten milliseconds.
    For DELETE the triggers and foreign keys must be off, which takes a superuser; another role truncates.
    """
    with connection.cursor() as cursor:
        names = sorted(set(connection.introspection.table_names(cursor)) - KEPT)
        tables = [connection.ops.quote_name(name) for name in names]
        cursor.execute("SHOW is_superuser")
        if cursor.fetchone() == ("on",):
            # Like TRUNCATE, the lock waits for open transactions of processes that the test has started.
            lock = f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE"
            deletes = [f"DELETE FROM {table}" for table in tables]
            statements = ["SET LOCAL session_replication_role = replica", lock, *deletes]
        else:
            statements = [f"TRUNCATE {', '.join(tables)}"]
        cursor.execute("; ".join(["BEGIN", *statements, "COMMIT"]))


def catalogue() -> set[tuple[str, ...]]:
    """Every table, column, constraint, index, function and trigger of ours, with its definition."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT 'constraint', conname::text, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT 'index', indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL SELECT 'function', proname::text, pg_get_functiondef(oid) FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace
            UNION ALL SELECT 'trigger', tgname::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
            UNION ALL SELECT 'column', table_name || '.' || column_name, data_type || coalesce(column_default, '')
            FROM information_schema.columns WHERE table_schema = 'public'
            """
        )
        return set(cursor.fetchall())
