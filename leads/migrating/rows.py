"""Reads a row of the previous system into the columns of the temporary table that staging.py loads. No database."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from conversations.models import CONTENT_MAX_LENGTH, NAME_MAX_LENGTH, PROVIDER_ID_MAX_LENGTH
from conversations.phone import PhoneInvalid, key_of
from conversations.visible_text import visible_text
from leads.importing.phones.columns import PhoneColumn
from leads.importing.readers.rows import storable
from leads.migrating.columns import find_columns
from leads.migrating.phones import read_old_phone
from leads.migrating.sources.records import CONVERSATIONS, LEADS, MESSAGES, Record
from leads.migrating.values import (
    read_conversation_status,
    read_id,
    read_lead_status,
    read_name,
    read_sender,
    read_time,
    read_type,
)
from leads.models import DETAILS_MAX_LENGTH
from leads.services.rules import is_storable


class StagedRow(NamedTuple):
    """A row as it is loaded. `phone_problem` is its problem unless another row says the phone. `notes`: what was
    changed; `cells`: the row as it was, a JSON list.
    """

    tbl: str
    line: int
    id: UUID | None
    old_owner: str
    conversation_id: UUID | None
    lead_id: UUID | None
    phone: str | None
    key: str | None
    name: str
    kind: str
    status: str
    text: str
    provider_id: str | None
    created_at: datetime | None
    updated_at: datetime | None
    last_message_at: datetime | None
    cells: str
    field: str
    problem: str | None
    phone_problem: str
    notes: str


class Reading(NamedTuple):
    """How the rows are read: the region of local numbers, and whether numbers without plus have a country code."""

    region: str | None
    international: bool
    now: datetime


class _Values(NamedTuple):
    kind: str = ""
    status: str = ""
    field: str = ""
    problem: str | None = None
    notes: str = ""


def read_row(record: Record, reading: Reading, phones: PhoneColumn) -> StagedRow:
    """Read a row of conversations, leads or messages; `phones` reads its phone number.

    Raises UnreadableSource where the table lacks a column.
    """
    columns = find_columns(record.table, record.columns)
    is_whole = is_storable("".join(filter(None, record.cells)))
    cells = record.cells if is_whole else [None if part is None else storable(part) for part in record.cells]

    def cell(field: str) -> str:
        return columns.read(cells, field)

    text, row_id = cell("text"), read_id(cell("id"))
    values = _READERS[record.table](cell)
    field, problem = _first_problem(record.table, row_id, cell("id"), text, values)
    if not is_whole:
        field, problem = "", "It holds a character that cannot be stored (NUL or a lone surrogate)."
    phone, phone_problem = _read_phone(cell("phone"), reading, phones)
    created_at, updated_at, last_message_at = (
        read_time(cell(name), now=reading.now) for name in ("created_at", "updated_at", "last_message_at")
    )
    provider_id = cell("provider_id").strip()
    return StagedRow(
        tbl=record.table,
        line=record.line,
        id=row_id,
        old_owner=cell("owner").strip().lower(),
        conversation_id=read_id(cell("conversation_id")),
        lead_id=read_id(cell("lead_id")),
        phone=phone,
        key=key_of(phone),
        name=visible_text(read_name(cell("name")))[:NAME_MAX_LENGTH],
        kind=values.kind,
        status=values.status,
        text=text,
        provider_id=provider_id if 1 <= len(provider_id) <= PROVIDER_ID_MAX_LENGTH else None,
        created_at=created_at,
        updated_at=updated_at,
        last_message_at=last_message_at,
        cells=json.dumps([part or "" for part in cells]),
        field=field,
        problem=problem,
        phone_problem=phone_problem,
        notes=values.notes,
    )


def _first_problem(
    table: str, row_id: UUID | None, row_id_text: str, text: str, values: _Values
) -> tuple[str, str | None]:
    limit = DETAILS_MAX_LENGTH if table == LEADS else CONTENT_MAX_LENGTH
    if row_id is None:
        return "id", f"The id “{row_id_text}” is not a UUID."
    if len(text) > limit:
        return "text", f"The text has more than {limit} characters."
    return values.field, values.problem


def _read_phone(cell: str, reading: Reading, phones: PhoneColumn) -> tuple[str | None, str]:
    if not cell:
        return None, "It has no phone number."
    try:
        return read_old_phone(cell, phones, international=reading.international), ""
    except PhoneInvalid as error:
        return None, str(error)


def _read_conversation(cell: Callable[[str], str]) -> _Values:
    status = read_conversation_status(cell("status"))
    return _Values(status=status.value, notes=status.note)


def _read_lead(cell: Callable[[str], str]) -> _Values:
    kind, status = read_type(cell("kind")), read_lead_status(cell("status"))
    return _Values(kind.value, status.value, notes="; ".join(note for note in (kind.note, status.note) if note))


def _read_message(cell: Callable[[str], str]) -> _Values:
    sender = cell("kind")
    direction = read_sender(sender)
    if direction is None:
        known = "customer, user or inbound, and bot, assistant, business or outbound"
        problem = f"Who wrote it is unknown: “{sender}”. Known are {known}."
        return _Values(status=cell("status"), field="kind", problem=problem)
    return _Values(direction, cell("status"))


_READERS: Final = {CONVERSATIONS: _read_conversation, LEADS: _read_lead, MESSAGES: _read_message}
