"""A database of its own with a business that has a million leads, for tests of plans. It takes a minute or two."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.core.management import call_command
from django.db import connection

from leadsite.accounts.services import create_business
from tests.factories import Business
from tests.leadsite.full_business import with_rows
from tests.site import REPOSITORY
from whatsapp.models import Channel

LEADS: Final = 1_000_000
CHATS: Final = 40_000
MESSAGES_EACH: Final = 5
TABLES: Final = ("customers", "conversations", "leads", "messages")
_INDEXES: Final = """
    SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY (%s) AND indexdef LIKE '%%USING gin%%'
"""


@contextmanager
def large_business() -> Iterator[Business]:
    """Let this process use a new database, which is dropped at the end."""
    before = connection.settings_dict["NAME"]
    name = f"{before}_large_{os.getpid()}"
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", verbosity=0)
        business = Business(create_business(email="large@bakery.example"))
        Channel.objects.create(user=business.user, phone_number_id="1")
        _fill(business)
        with_rows(business, "Lemon cake")
        yield business
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _fill(business: Business) -> None:
    """As rows that were there before the audit; the indexes of words are made faster afterwards."""
    channel = Channel.objects.get(user=business.id)
    values: dict[str, Any] = {"user_id": business.id, "rows": LEADS, "channel_id": channel.pk}
    values |= {"conversations": CHATS, "each": MESSAGES_EACH}
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; SET statement_timeout = 0; SET lock_timeout = 0")
        cursor.execute("SET maintenance_work_mem = '256MB'; SET synchronous_commit = off")
        cursor.execute(_INDEXES, [list(TABLES)])
        indexes = cursor.fetchall()
        for index, _ in indexes:
            cursor.execute(f"DROP INDEX {index}")
        for script in ("history.sql", "messages.sql"):
            cursor.execute((REPOSITORY / "bench" / script).read_text(), values)
        for _, definition in indexes:
            cursor.execute(definition)
        for table in TABLES:
            cursor.execute(f"VACUUM ANALYZE {table}")
    connection.close()  # and the settings with it


def forget_statistics() -> None:
    """As right after a large import, before the server has looked at the tables."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pg_statistic WHERE starelid = ANY (%s::regclass[]::oid[])", [list(TABLES)])
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        cursor.execute(
            "UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE oid = ANY (%s::regclass[]::oid[])", [list(TABLES)]
        )
    connection.close()  # plans are kept by the connection
