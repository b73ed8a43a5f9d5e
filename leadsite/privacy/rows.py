"""Searches tables for the traces of a person, a range of rows at a time, and takes them out."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows
from leadsite.core.transactions import end_if_idle, retried, set_locally
from leadsite.privacy.people import Person
from leadsite.privacy.tables import BODY, BYTES, DIGEST, JSON, TABLES, WHO, WHO_NULL, Table
from whatsapp.erasing.bodies import EMPTY, is_of_business, part_of_person, without_person
from whatsapp.erasing.own import OwnNumbers
from whatsapp.erasing.traces import Traces

RANGE: Final = 5000
# What may stand between the digits of a number in a stored text: escapes of JSON, bytea and URLs have digits.
_NO_DIGITS: Final = r"\\+u[0-9a-fA-F]{4}|\\[0-7]{3}|%[0-9a-fA-F]{2}|[^0-9]"


@dataclass(frozen=True, slots=True)
class Search:
    """By what rows are found: digits within numbers, words, and then exactly by the traces."""

    user_id: UUID
    traces: Traces
    words: Sequence[str]
    own: OwnNumbers

    @classmethod
    def of(cls, person: Person) -> "Search":
        """Raises django.db.Error."""
        return cls(person.user_id, person.traces, person.words, OwnNumbers.of(person.user_id))


def erase_in(name: str, search: Search, *, should_stop: Callable[[], bool] = lambda: False) -> int:
    """Take the person's traces out of a table; return how many rows were deleted or changed. Opens transactions.

    `should_stop` is asked before each range of rows.
    """
    table = TABLES[name]
    changed, after = 0, None
    while not should_stop():
        after, count = _erase_range(name, table, search, after)
        changed += count
        if after is None:
            break
    return changed


def find_in(name: str, search: Search) -> list[dict[str, Any]]:
    """Return the rows of a table that have traces of the person: `theirs` is what is the person's in them, and
    `mentioned_in` the columns in which somebody else has mentioned them. Locks nothing.
    """
    table = TABLES[name]
    columns = list(table.searched())
    found, after = [], None
    while True:
        until = _end_of_range(name, table, search, after)
        for row in candidates(name, table, search, after, until):
            values = dict(zip(columns, row[1:], strict=True))
            changes = _changes(table, values, search)
            if changes is None or changes:
                found.append({table.key: row[0]} | _shown(table, values, changes, search))
        if until is None:
            return found
        after = until


@retried(source="worker", operation="erase customer")
def _erase_range(name: str, table: Table, search: Search, after: Any) -> tuple[Any, int]:
    # Rows may be written at the same moment: each is read again under its lock, in the order of the keys.
    with transaction.atomic():
        end_if_idle()
        # Redacting a text is no event for integrators.
        set_locally(**{"leadsite.past": "on"})
        until = _end_of_range(name, table, search, after)
        count = 0
        for row in candidates(name, table, search, after, until, lock=True):
            values = dict(zip(table.searched(), row[1:], strict=True))
            changes = _changes(table, values, search)
            if changes is None:
                _execute(f"DELETE FROM {name} WHERE {table.key} = %s", [row[0]])  # noqa: S608 - our names
            elif changes:
                _update(name, table, row[0], changes)
            count += changes is None or bool(changes)
        return until, count


def _changes(table: Table, values: dict[str, Any], search: Search) -> dict[str, Any] | None:
    """The columns to change, None where the row is to be deleted."""
    kinds = table.searched()
    read = {column: _read(kinds[column], value) for column, value in values.items() if value is not None}
    if not _is_of_business(kinds, read, search):
        return {}
    if table.deletes and any(
        search.traces.is_theirs(value) or search.traces.is_whole(value)
        for column, value in read.items()
        if kinds[column] != BODY and table.about in (None, column)
    ):
        return None
    changed: dict[str, Any] = {}
    for column, value in read.items():
        new = _without(kinds[column], value, values, search)
        if new != value:
            changed[column] = new
    if changed and table.deletes_mentions:
        return None
    if "body" in changed and kinds["body"] == BODY and changed["body"] == EMPTY[values["provider"]]:
        return None
    return changed


def _is_of_business(kinds: dict[str, str], read: dict[str, Any], search: Search) -> bool:
    """What is noted with a delivery is about its body."""
    bodies = [value for column, value in read.items() if kinds[column] == BODY]
    return all(is_of_business(read["provider"], body, search.traces, own=search.own.among) for body in bodies)


def _without(kind: str, value: Any, values: dict[str, Any], search: Search) -> Any:
    if kind == BODY:
        return without_person(values["provider"], value, search.traces, own=search.own.among)
    if kind == JSON:
        return search.traces.in_json(value)
    if kind in (WHO, WHO_NULL):
        empty = "" if kind == WHO else None
        return empty if search.traces.is_whole(value) else value
    if kind == BYTES:
        return search.traces.in_text(value.decode(errors="surrogateescape")).encode(errors="surrogateescape")
    return search.traces.in_text(value)


def _read(kind: str, value: Any) -> Any:
    if isinstance(value, memoryview):
        return bytes(value)
    return json.loads(value) if kind == JSON and isinstance(value, str) else value


def _shown(table: Table, values: dict[str, Any], changes: dict[str, Any] | None, search: Search) -> dict[str, Any]:
    """What the person may see of a row: nothing of others who are in it."""
    kinds = table.searched()
    read = {column: _read(kinds[column], value) for column, value in values.items()}
    if changes is None and BODY not in kinds.values():
        return {"theirs": read}
    theirs: list[Any] = []
    for column, value in read.items():
        if kinds[column] == BODY:
            theirs += part_of_person(values["provider"], value, search.traces, own=search.own.among)
        elif kinds[column] == JSON:
            theirs += search.traces.theirs_in(value)
    shown = {"theirs": theirs, "mentioned_in": sorted(column for column in changes or () if kinds[column] != BODY)}
    return {name: part for name, part in shown.items() if part}


def _update(name: str, table: Table, key: Any, changes: dict[str, Any]) -> None:
    kinds = table.searched()
    values = {column: json.dumps(new) if kinds[column] == JSON else new for column, new in changes.items()}
    values |= {column: b"" for column, kind in table.columns.items() if kind == DIGEST}
    assignments = ", ".join(f"{column} = %s" + ("::jsonb" if kinds.get(column) == JSON else "") for column in values)
    _execute(f"UPDATE {name} SET {assignments} WHERE {table.key} = %s", [*values.values(), key])  # noqa: S608 - our names


def _end_of_range(name: str, table: Table, search: Search, after: Any) -> Any:
    """The key of the last row of the next range; None where it is the last range."""
    where, parameters = _range(table, search, after, None)
    rows = fetch_rows(
        f"SELECT {table.key} FROM {name} WHERE {where} ORDER BY {table.key} OFFSET {RANGE} LIMIT 1",  # noqa: S608
        parameters,
    )
    return rows[0][0] if rows else None


def candidates(
    name: str, table: Table, search: Search, after: Any = None, until: Any = None, *, lock: bool = False
) -> list[tuple[Any, ...]]:
    """Return key and searched columns of the rows that may have traces: PostgreSQL compares digits and words only.

    `after`, `until`: a range of keys; None: from the first row, to the last one. Raises django.db.Error.
    """
    searched = table.searched()
    columns = [table.key, *searched]
    texts = ", ".join(
        f"encode({column}, 'escape')" if kind in (BODY, BYTES) else f"{column}::text"
        for column, kind in searched.items()
    )
    where, parameters = _range(table, search, after, until)
    statement = f"""
        SELECT {", ".join(columns)} FROM {name} WHERE {where} AND (
            regexp_replace(concat_ws(' ', {texts}), %(no_digits)s, '', 'g') LIKE ANY (%(digits)s::text[])
            OR concat_ws(' ', {texts}) LIKE ANY (%(words)s::text[]))
        ORDER BY {table.key} {"FOR UPDATE" if lock else ""}
    """  # noqa: S608 - our names
    parameters |= {
        "no_digits": _NO_DIGITS,
        "digits": array(f"%{needle}%" for needle in search.traces.needles),
        "words": array(f"%{_escaped(word)}%" for word in search.words),
    }
    return fetch_rows(statement, parameters)


def _range(table: Table, search: Search, after: Any, until: Any) -> tuple[str, dict[str, Any]]:
    parameters = {"user": search.user_id, "ids": array(sorted(search.traces.ids)), "after": after, "until": until}
    conditions = [f"{table.owner} = %(user)s" if table.owner else table.whose]
    conditions += [f"{table.key} > %(after)s"] if after is not None else []
    conditions += [f"{table.key} <= %(until)s"] if until is not None else []
    return " AND ".join(conditions), parameters


def _execute(statement: str, parameters: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
