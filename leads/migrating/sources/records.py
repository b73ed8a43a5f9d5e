"""Rows of the previous system's tables, as every source yields them."""

from typing import Final, NamedTuple

LEADS: Final = "leads"
CONVERSATIONS: Final = "conversations"
MESSAGES: Final = "messages"
TABLES: Final = (CONVERSATIONS, LEADS, MESSAGES)
# Who the rows belong to: only their ids and e-mails are read, to name them.
USERS: Final = "users"
NAMES: Final = {**{table: table for table in TABLES}, USERS: USERS, "profiles": USERS}


class UnreadableSource(Exception):
    """The dump, file or database cannot be read; the message says why and what to do instead."""


class Record(NamedTuple):
    """A row. `columns` is the same object for all rows of a table; a cell is None where the database had NULL, or where
    the line has no such cell. `line`: where it begins in its file.
    """

    table: str
    columns: tuple[str, ...]
    line: int
    cells: list[str | None]
