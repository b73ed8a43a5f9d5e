"""Reads the previous system's tables from its database, in one read-only snapshot."""

from collections.abc import Iterator
from typing import Final

import psycopg
from psycopg import sql

from leads.migrating.sources.records import NAMES, Record, UnreadableSource

_BEGIN: Final = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
_TABLES: Final = """
    SELECT table_name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_name = ANY (%s) ORDER BY array_position(%s, table_name::text)
"""


def read_database(address: str) -> Iterator[Record]:
    """Yield the rows of our tables in schema public. Raises UnreadableSource."""
    try:
        with psycopg.connect(address, autocommit=True, application_name="leadsite import_supabase") as database:
            database.execute(_BEGIN)
            database.execute("SET LOCAL row_security = off")
            names = ["users", "profiles", "conversations", "leads", "messages"]
            tables = [name for (name,) in database.execute(_TABLES, [names, names])]
            for name in tables:
                yield from _read_table(database, name)
            database.execute("COMMIT")
    except psycopg.Error as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise UnreadableSource(f"The old database cannot be read: {reason}.") from error


def _read_table(database: psycopg.Connection, name: str) -> Iterator[Record]:
    table = sql.Identifier("public", name)
    with database.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(table))
        columns = tuple(column.name for column in cursor.description or ())
        with cursor.copy(sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(table)) as rows:
            for number, cells in enumerate(rows.rows(), start=1):
                yield Record(NAMES[name], columns, number, [_text(cell) for cell in cells])


def _text(cell: object) -> str | None:
    return cell.decode() if isinstance(cell, bytes) else cell if cell is None else str(cell)
