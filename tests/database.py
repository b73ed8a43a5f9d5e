"""The rows of the test database, which a test that commits leaves behind."""

from typing import Final

from django.db import connection

# Written by migrations, or by Django after them, and the same for all tests.
KEPT: Final = {"auth_permission", "django_content_type", "django_migrations"}


def delete_all_rows() -> None:
    """Empty every table, also those of procrastinate, that Django does not know. Opens the transaction.

    TRUNCATE creates new files for every table and index: half a second for these, where DELETE takes ten milliseconds.
    For DELETE the triggers and foreign keys must be off, which takes a superuser; another role truncates.
    """
    with connection.cursor() as cursor:
        names = sorted(set(connection.introspection.table_names(cursor)) - KEPT)
        tables = [connection.ops.quote_name(name) for name in names]
        cursor.execute("SHOW is_superuser")
        if cursor.fetchone() == ("on",):
            # As TRUNCATE does, the lock waits for open transactions of processes that the test has started.
            lock = f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE"
            deletes = [f"DELETE FROM {table}" for table in tables]
            statements = ["SET LOCAL session_replication_role = replica", lock, *deletes]
        else:
            statements = [f"TRUNCATE {', '.join(tables)}"]
        cursor.execute("; ".join(["BEGIN", *statements, "COMMIT"]))
