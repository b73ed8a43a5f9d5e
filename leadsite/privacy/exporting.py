"""Exports everything that is kept about one person, as JSON. docs/privacy.md describes the document."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from django.db import transaction

from conversations.media.files import FileMissing, open_file
from conversations.media.shown import ending_of
from conversations.models import Customer
from leadsite.core import clock
from leadsite.core.statements import fetch_rows
from leadsite.privacy.people import Person, person_of
from leadsite.privacy.rows import Search, find_in
from leadsite.privacy.tables import TABLES

FORMAT: Final = "leadsite/customer-export/1"
FILE_NAME: Final = "customer.json"
# The folder of the files of messages, beside it.
FILES: Final = "files"
_PIECE: Final = 64 * 1024
# The person's own rows: all columns, but for what only the program needs.
_OWN: Final = {
    "customer": "SELECT to_jsonb(t) - 'user_id' FROM customers AS t WHERE id = %(customer)s",
    "conversations": """SELECT to_jsonb(t) - 'user_id' - 'customer_id' FROM conversations AS t
        WHERE id = ANY (%(conversations)s::uuid[]) ORDER BY id""",
    "leads": "SELECT to_jsonb(t) - 'user_id' FROM leads AS t WHERE id = ANY (%(leads)s::uuid[]) ORDER BY id",
    "messages": """SELECT to_jsonb(t) - 'user_id' - 'leased_until' - 'due_at' FROM messages AS t
        WHERE id = ANY (%(messages)s::uuid[]) ORDER BY sort_at, id""",
    "files": """SELECT to_jsonb(t) - 'user_id' - 'due_at' FROM stored_media AS t
        WHERE message_id = ANY (%(messages)s::uuid[]) ORDER BY message_id, position""",
    "notes": """SELECT to_jsonb(t) - 'user_id' FROM notes AS t
        WHERE conversation_id = ANY (%(conversations)s::uuid[]) ORDER BY id""",
    "former_identifiers": """SELECT to_jsonb(t) - 'user_id' FROM customer_moves AS t
        WHERE id = ANY (%(moves)s::uuid[]) ORDER BY moved_at""",
    # After an undo the other customer is somebody else.
    "merges": """SELECT to_jsonb(t) - 'user_id' - 'moved' FROM customer_merges AS t
        WHERE target_id = %(customer)s AND undone_at IS NULL ORDER BY id""",
    "not_the_same_person": """SELECT to_jsonb(t) - 'user_id' FROM distinct_pairs AS t
        WHERE first_id = %(customer)s OR second_id = %(customer)s ORDER BY id""",
    "import_changes": """SELECT to_jsonb(t) - 'user_id' FROM import_changes AS t
        WHERE lead_id = ANY (%(leads)s::uuid[]) OR customer_id = %(customer)s ORDER BY id""",
    # From a merge, which deletes the other customer's row, until its undo changes of this row may be somebody else's.
    # After the undo not even with whom it was.
    "audit": """SELECT to_jsonb(t) - 'user_id' FROM audit_entries AS t
        WHERE row_id = ANY (%(rows)s::uuid[]) AND NOT EXISTS (
            SELECT FROM customer_merges AS m JOIN audit_entries AS merged ON merged.row_id = m.source_id
            WHERE m.target_id = t.row_id AND merged.action = 'delete' AND t.id > merged.id AND t.at <= m.undone_at)
        AND (NOT coalesce(t.after ?| ARRAY['merged_into', 'merged_from'], false) OR EXISTS (
            SELECT FROM customer_merges AS m
            WHERE m.target_id = t.row_id AND m.source_id::text = t.after ->> 'merged_from' AND m.undone_at IS NULL))
        ORDER BY id""",
    "bulk_changes": "SELECT to_jsonb(t) FROM bulk_change_leads AS t WHERE lead_id = ANY (%(leads)s::uuid[])",
}


def export_customer(customer: Customer) -> dict[str, Any]:
    """Return all that is kept about the person. Opens a transaction. Raises django.db.Error."""
    person = _person(customer)
    search = Search.of(person)
    found = {name: _besides(find_in(name, search), name, person) for name in _searched()}
    own = _own_rows(person)
    return {
        "format": FORMAT,
        "exported_at": clock.now(),
        "business": {"id": customer.user_id, "email": customer.user.email, "name": customer.user.business_name},
        "customer": next(iter(own.pop("customer")), None),
        "identifiers": {"phones": person.phones, "whatsapp_user_ids": person.whatsapp_user_ids, "names": person.names},
        **own,
        "found_elsewhere": {name: rows for name, rows in found.items() if rows},
    }


def as_json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False, default=_plain).encode(errors="replace")


def archive_of(document: dict[str, Any]) -> Iterator[bytes]:
    """Yield a ZIP with the JSON in it, and the files of messages: files/<id of the row><.type>. Executes no SQL; raises
    what the storage raises.

    In pieces, because the files of one customer may be larger than the server's memory.
    """
    written = _Written()
    # Photos and videos are compressed already: more effort makes them no smaller.
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(FILE_NAME, as_json(document))
        yield from written.taken()
        for name, stored in stored_files(document):
            with suppress(FileMissing), open_file(stored) as file, archive.open(name, "w") as into:
                while piece := file.read(_PIECE):
                    into.write(piece)
                    yield from written.taken()
    yield from written.taken()


class _Written(io.RawIOBase):
    """What was written since it was taken last."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def taken(self) -> Iterator[bytes]:
        if piece := b"".join(self._pieces):
            self._pieces.clear()
            yield piece


def stored_files(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the stored files of an export: the name in the folder or archive, and the name in the storage."""
    for row in document["files"]:
        if row["name"]:
            yield f"{FILES}/{row['id']}{ending_of(row['mime_found'])}", row["name"]


def count_traces(customer: Customer) -> dict[str, int]:
    """How many rows of each table an erasure would delete or change. Opens a transaction."""
    document = export_customer(customer)
    parts = {name: rows for name, rows in document.items() if isinstance(rows, list)} | document["found_elsewhere"]
    return {"customers": 1} | {name: len(rows) for name, rows in parts.items() if rows}


def _person(customer: Customer) -> Person:
    # What is exported belongs together: the rows stay locked until their ids are read.
    with transaction.atomic():
        locked = Customer.objects.lock([customer.pk])
        return person_of(locked[0] if locked else customer)


def _searched() -> Iterator[str]:
    return (name for name, table in TABLES.items() if table.searched())


def _besides(rows: list[dict[str, Any]], name: str, person: Person) -> list[dict[str, Any]]:
    """The rows that are not the person's own, which the document has already."""
    own = {"leads": person.lead_ids, "messages": person.message_ids}.get(name, [])
    return [row for row in rows if row.get("id") not in own]


def _own_rows(person: Person) -> dict[str, list[Any]]:
    parameters = person.parameters
    return {name: [_parsed(row) for (row,) in fetch_rows(statement, parameters)] for name, statement in _OWN.items()}


def _parsed(row: Any) -> Any:
    """In raw queries Django returns jsonb as text."""
    return json.loads(row) if isinstance(row, str) else row


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
