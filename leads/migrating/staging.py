"""Loads the previous system's rows into temporary tables of this session, links them, and reads them by customer.

The tables are as large as the dump, memory is not. They are the session's own: the command needs a connection that
stays the same (no transaction pooling), and the server drops them when it ends.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from leads.importing.phones.columns import judge_column
from leads.migrating.columns import find_columns
from leads.migrating.rows import Reading, StagedRow, read_row
from leads.migrating.sources.records import TABLES, USERS, Record, UnreadableSource
from leads.migrating.staging_sql import CREATE, INDEX, LINK
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import set_locally

_COPY: Final = f"COPY old_rows ({', '.join(StagedRow._fields)}) FROM STDIN"
_OWNERS: Final = """
    SELECT old_owner, count(*) FILTER (WHERE tbl = 'conversations'), count(*) FILTER (WHERE tbl = 'leads')
    FROM old_rows WHERE tbl <> 'messages' GROUP BY old_owner ORDER BY count(*) DESC, old_owner
"""
_SET_OWNERS: Final = "INSERT INTO old_owners SELECT * FROM unnest(%s::text[], %s::uuid[])"
_CUSTOMERS: Final = """
    SELECT owner, key, phone, name FROM old_customers WHERE owner = %s AND key > %s ORDER BY key LIMIT %s
"""
_OUTCOMES: Final = """
    SELECT tbl, count(*), count(*) FILTER (WHERE problem IS NOT NULL AND outcome IS NULL),
           count(*) FILTER (WHERE outcome = 'skipped'), count(*) FILTER (WHERE outcome = 'repaired')
    FROM old_rows GROUP BY tbl
"""
_REFUSED: Final = """
    SELECT line, field, problem, cells FROM old_rows
    WHERE tbl = %s AND problem IS NOT NULL AND outcome IS NULL ORDER BY n
"""
_REPAIRED: Final = "SELECT tbl, line, id, notes FROM old_rows WHERE outcome = 'repaired' ORDER BY n"
TELL_EVERY: Final = 5000
# By these the numbers without country code are judged, as those of an imported file are.
JUDGED_ROWS: Final = 5000
ROWS_AT_ONCE: Final = 2000


class OldOwner(NamedTuple):
    """A user of the previous system, as rows name them; how many conversations and leads they have."""

    id: str
    conversations: int
    leads: int


class OldCustomer(NamedTuple):
    owner: UUID
    key: str
    phone: str
    name: str


class Counted(NamedTuple):
    """How many rows of a table were read, and what linking has already decided about some of them."""

    read: int
    failed: int
    skipped: int
    repaired: int


class RefusedRow(NamedTuple):
    line: int
    field: str
    reason: str
    cells: str


class RepairedRow(NamedTuple):
    """A row that was repaired, or merged into another one. `note` says how."""

    table: str
    line: int
    id: UUID
    note: str


@dataclass(slots=True)
class Loaded:
    """What loading has seen: the header of each table, its columns that are not read, the e-mails of users by id."""

    headers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unread: dict[str, tuple[str, ...]] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)


def load(records: Iterable[Record], reading: Reading, tell: Callable[[int], bool]) -> Loaded:
    """Load all rows. `tell` is called with the number of rows now and then; where it returns True, loading stops.
    Opens a transaction.

    Raises UnreadableSource, OSError, django.db.Error.
    """
    loaded = Loaded()
    first = list(islice(records := iter(records), JUDGED_ROWS))
    phones = judge_column(((phone, "") for phone in _phones(first)), region=reading.region)
    # A source that breaks off leaves nothing: the tables come with their rows.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CREATE)
        with cursor.copy(_COPY) as copy:
            for number, record in enumerate(chain(first, records), start=1):
                if record.table == USERS:
                    _keep_user(loaded.users, record)
                    continue
                if loaded.headers.get(record.table) is not record.columns:
                    loaded.headers.setdefault(record.table, record.columns)
                    loaded.unread[record.table] = find_columns(record.table, record.columns).unread
                copy.write_row(read_row(record, reading, phones))
                if number % TELL_EVERY == 0 and tell(number):
                    break
        cursor.execute(INDEX)
    if not loaded.headers:
        raise UnreadableSource("It has no rows of the tables conversations, leads or messages in schema public.")
    return loaded


def _phones(records: Iterable[Record]) -> Iterator[str]:
    for record in records:
        if record.table != USERS and (cell := find_columns(record.table, record.columns).read(record.cells, "phone")):
            yield cell


def _keep_user(users: dict[str, str], record: Record) -> None:
    cells = dict(zip((name.lower() for name in record.columns), record.cells, strict=False))
    if (user_id := cells.get("id")) and (email := cells.get("email")):
        users.setdefault(user_id.strip().lower(), email.strip().lower())


def owners() -> list[OldOwner]:
    """The users whose conversations and leads were loaded, those with most rows first."""
    return [OldOwner(*row) for row in fetch_rows(_OWNERS)]


def link(owned_by: Mapping[str, UUID | None]) -> None:
    """Link and repair the loaded rows. `owned_by`: the business of each old user; None leaves their rows out. Opens a
    transaction.

    Raises django.db.Error.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        set_locally(work_mem="64MB", jit="off")
        fetch_rows(_SET_OWNERS, [array(owned_by), array(owned_by.values())])
        for statement in LINK:
            cursor.execute(statement)


def batches_of_customers(businesses: Iterable[UUID], size: int) -> Iterator[list[OldCustomer]]:
    """Yield the customers of each business, in the order in which they are locked."""
    for business in sorted(set(businesses)):
        key = ""
        while rows := fetch_rows(_CUSTOMERS, [business, key, size]):
            batch = [OldCustomer(*row) for row in rows]
            key = batch[-1].key
            yield batch


def counted() -> dict[str, Counted]:
    found = {tbl: Counted(*numbers) for tbl, *numbers in fetch_rows(_OUTCOMES)}
    return {table: found.get(table, Counted(0, 0, 0, 0)) for table in TABLES}


def refused(table: str) -> Iterator[RefusedRow]:
    """The refused rows of a table in their order."""
    yield from (RefusedRow(*row) for rows in _stream(_REFUSED, [table]) for row in rows)


def repaired_by_linking() -> Iterator[RepairedRow]:
    yield from (RepairedRow(*row) for rows in _stream(_REPAIRED, []) for row in rows)


def _stream(statement: str, parameters: Sequence[Any]) -> Iterator[list[tuple[Any, ...]]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, parameters)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield rows


class OldMessage(NamedTuple):
    """A message to store. `note`: how it was repaired."""

    id: UUID
    line: int
    conversation_id: UUID | None
    key: str
    phone: str
    direction: str
    status: str
    content: str
    provider_id: str | None
    at: datetime
    updated_at: datetime | None
    note: str


_MESSAGES: Final = """
    SELECT id, line, conversation_id, key, phone, kind, status, text, provider_id, created_at, updated_at, notes
    FROM old_rows
    WHERE owner = %s AND key = ANY (%s::text[]) AND tbl = 'messages' AND outcome IS NULL AND problem IS NULL
    ORDER BY key, created_at, n
"""


def messages_of(business: UUID, keys: Iterable[str]) -> Iterator[list[OldMessage]]:
    """The messages of customers in lists, each customer's in the order of time, then of the dump. Caller holds the
    transaction.
    """
    for rows in _stream(_MESSAGES, [business, array(keys)]):
        yield [OldMessage(*row) for row in rows]
