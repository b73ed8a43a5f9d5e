"""Converts rows of a file to batches for the service import_leads, and counts the results."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final
from uuid import UUID

from conversations.phone import phone_key
from conversations.visible_text import visible_text
from leads.importing.cells import BadCell, read_phone
from leads.importing.columns import Columns
from leads.importing.readers.rows import Row, Table
from leads.services.import_rows import (
    CREATE,
    NOTHING_CHECKED,
    SKIP,
    UPDATE,
    CheckedRows,
    check_rows,
    import_leads,
    lead_identity,
    validate_rows,
)
from leads.services.rules import LeadError

_CHOICE_FIELDS: Final = ("type", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the rows of a file are imported. `region`: see cells.read_phone. `defaults` fill empty cells."""

    on_duplicate: str = SKIP
    source: str = "import"
    defaults: dict[str, str] = field(default_factory=dict)
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row was not stored. `field` is None where the reason is the row as a whole."""

    row: Row
    field: str | None
    reason: str


@dataclass(slots=True)
class Counts:
    """How many rows were read, and the results: read = created + updated + skipped + failed."""

    read: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0
    failed: int = 0

    def add(self, other: "Counts") -> None:
        for name in Counts.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Batch:
    """Some rows of a file: the valid ones with their documents for check_rows and its result, and the refused ones.

    `position`: the share of the file that has been read after them, see Table.
    """

    rows: list[Row] = field(default_factory=list)
    documents: list[dict[str, str]] = field(default_factory=list)
    checked: CheckedRows = NOTHING_CHECKED
    refusals: list[Refusal] = field(default_factory=list)
    position: float | None = None


def read_batches(table: Table, columns: Columns, options: Options, size: int, *, skip: int = 0) -> Iterator[Batch]:
    """Group the rows of a file after the first `skip` by `size`, and read their cells. Raises UnreadableFile."""
    rows = islice(table.rows, skip, None)
    while chunk := list(islice(rows, size)):
        batch = read_batch(chunk, columns, options)
        batch.position = table.position()
        yield batch


def read_batch(chunk: Iterable[Row], columns: Columns, options: Options) -> Batch:
    """Read the cells of rows and validate them by the rules that need no database."""
    batch = Batch()
    for row in chunk:
        if row.error is not None:
            batch.refusals.append(Refusal(row, None, row.error))
            continue
        document = options.defaults | {
            name: value
            for name, value in zip(columns.fields, columns.pick(row.cells), strict=True)
            if visible_text(value)
        }
        try:
            document["customer_phone"] = read_phone(document.get("customer_phone", ""), country_code=options.region)
        except BadCell as error:
            batch.refusals.append(Refusal(row, "customer_phone", str(error)))
            continue
        for name in _CHOICE_FIELDS:
            if name in document:
                document[name] = document[name].strip().lower()
        batch.rows.append(row)
        batch.documents.append(document)
    batch.checked = check_rows(batch.documents)
    return batch


def load(batch: Batch, *, user_id: UUID, run_id: UUID | None, options: Options) -> tuple[Counts, list[Refusal]]:
    """Import the batch. Caller holds the transaction. Raises django.db.Error."""
    imported = import_leads(
        user_id=user_id,
        rows=batch.checked,
        source=options.source,
        on_duplicate=options.on_duplicate,
        import_run_id=run_id,
    )
    counts = Counts(created=imported.created, updated=imported.updated, skipped=imported.skipped)
    return _counted(batch, counts, imported.errors)


def validate(batch: Batch, *, user_id: UUID, options: Options) -> tuple[Counts, list[Refusal]]:
    """Validate the batch and store nothing: for a file that was imported before, whose valid rows are skipped."""
    errors = validate_rows(user_id=user_id, rows=batch.checked, on_duplicate=options.on_duplicate)
    return _counted(batch, Counts(skipped=len(batch.rows) - len(errors)), errors)


def _counted(batch: Batch, counts: Counts, errors: Mapping[int, LeadError]) -> tuple[Counts, list[Refusal]]:
    refusals = [
        *batch.refusals,
        *(Refusal(batch.rows[index], error.field, _sentence(error)) for index, error in errors.items()),
    ]
    refusals.sort(key=lambda refusal: refusal.row.line)
    counts.failed = len(refusals)
    counts.read = counts.created + counts.updated + counts.skipped + counts.failed
    return counts, refusals


def _sentence(error: LeadError) -> str:
    """The error's sentence without the field's name, which is shown next to it."""
    sentence = error.message.removeprefix(f"{error.field} ")
    return error.message if sentence == error.message else sentence.capitalize()


class DryRun:
    """The leads that a dry run has read, so that it recognises a repeated lead without having stored the first.

    It keeps a hash of eight bytes for each lead.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._seen: set[int] = set()

    def without_repeated(self, batch: Batch) -> tuple[Batch, Counts]:
        """Return the batch without the leads of earlier batches, and the counts of those."""
        if self._options.on_duplicate == CREATE:
            return batch, Counts()
        new = Batch(refusals=batch.refusals)
        in_batch: set[int] = set()
        for row, document in zip(batch.rows, batch.documents, strict=True):
            identity = _hashed_identity(document)
            in_batch.add(identity)
            if identity not in self._seen:
                new.rows.append(row)
                new.documents.append(document)
        new.checked = check_rows(new.documents)
        repeated = len(batch.rows) - len(new.rows)
        self._seen |= in_batch
        updates = self._options.on_duplicate == UPDATE
        return new, Counts(repeated, 0, repeated, 0) if updates else Counts(repeated, 0, 0, repeated)


def _hashed_identity(document: Mapping[str, str]) -> int:
    identity = lead_identity(
        external_id=document.get("external_id", "").strip(),
        phone_key=phone_key(document["customer_phone"]),
        lead_type=document.get("type", ""),
        details=document.get("details", ""),
    )
    return int.from_bytes(hashlib.blake2b("\0".join(identity).encode(), digest_size=8).digest(), "big")
