"""A database of its own with a business that has a million leads, for tests of plans. It takes a minute or two."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.core.management import call_command
from django.db import connection

from bench.filling import TABLES, fill
from leadsite.accounts.services import create_business
from tests.factories import Business
from tests.leadsite.full_business import with_rows
from whatsapp.models import Channel

AMOUNTS: Final = {"leads": 1_000_000, "conversations": 40_000, "messages": 5}


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
        connection.ensure_connection()
        fill(connection.connection, business.id, **AMOUNTS)
        connection.close()  # and its settings
        with_rows(business, "Lemon cake")
        yield business
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


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
