"""Rows of a file on their way into the database: a batch of them at a time, by the service that makes leads of rows."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final
from uuid import UUID

from conversations.phone import phone_key
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
    judge_rows,
    lead_identity,
)
from leads.services.rules import LeadError

_WORDS: Final = ("type", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the rows of one file are meant. `region`: see cells.read_phone. The defaults fill cells that are empty."""

    on_duplicate: str = SKIP
    source: str = "import"
    defaults: dict[str, str] = field(default_factory=dict)
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row was not stored; `field` is None where the row as a whole is to blame."""

    row: Row
    field: str | None
    reason: str


@dataclass(slots=True)
class Counts:
    """What became of the rows that were read: read = created + updated + skipped + failed."""

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
    """Some rows: those that can be leads, each with its document for check_rows and what that found, and those that
    cannot. `position`: how much of the file is read with them, see Table.
    """

    rows: list[Row] = field(default_factory=list)
    documents: list[dict[str, str]] = field(default_factory=list)
    checked: CheckedRows = NOTHING_CHECKED
    refusals: list[Refusal] = field(default_factory=list)
    position: float | None = None


def read_batches(table: Table, columns: Columns, options: Options, size: int, *, skip: int = 0) -> Iterator[Batch]:
    """Group the rows of a file by `size`, those after the first `skip`. Raises UnreadableFile, as reading does."""
    rows = islice(table.rows, skip, None)
    while chunk := list(islice(rows, size)):
        batch = read_batch(chunk, columns, options)
        batch.position = table.position()
        yield batch


def read_batch(chunk: Iterable[Row], columns: Columns, options: Options) -> Batch:
    """Read the cells of rows and judge them by the rules that need no database."""
    batch = Batch()
    for row in chunk:
        if row.error is not None:
            batch.refusals.append(Refusal(row, None, row.error))
            continue
        document = options.defaults | {
            name: value for name, value in zip(columns.fields, columns.pick(row.cells), strict=True) if value.strip()
        }
        try:
            document["customer_phone"] = read_phone(document.get("customer_phone", ""), country_code=options.region)
        except BadCell as error:
            batch.refusals.append(Refusal(row, "customer_phone", str(error)))
            continue
        for name in _WORDS:
            if name in document:
                document[name] = document[name].strip().lower()
        batch.rows.append(row)
        batch.documents.append(document)
    batch.checked = check_rows(batch.documents)
    return batch


def load(batch: Batch, *, user_id: UUID, run_id: UUID | None, options: Options) -> tuple[Counts, list[Refusal]]:
    """Make leads of the batch. Caller holds the transaction. Raises django.db.Error."""
    imported = import_leads(
        user_id=user_id,
        rows=batch.checked,
        source=options.source,
        on_duplicate=options.on_duplicate,
        import_run_id=run_id,
    )
    counts = Counts(created=imported.created, updated=imported.updated, skipped=imported.skipped)
    return _counted(batch, counts, imported.errors)


def judge(batch: Batch, *, user_id: UUID, options: Options) -> tuple[Counts, list[Refusal]]:
    """Judge the batch and make nothing of it: what is good of a file that is here already is skipped."""
    errors = judge_rows(user_id=user_id, rows=batch.checked, on_duplicate=options.on_duplicate)
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
    """The rule's sentence; the name of the field stands beside it already."""
    sentence = error.message.removeprefix(f"{error.field} ")
    return error.message if sentence == error.message else sentence.capitalize()


class DryRun:
    """What a dry run has seen of the file, so that it knows a lead again that it did not store.

    It keeps eight bytes of a hash for each lead.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._seen: set[int] = set()

    def without_repeated(self, batch: Batch) -> tuple[Batch, Counts]:
        """The batch without the leads of earlier batches, and those counted."""
        if self._options.on_duplicate == CREATE:
            return batch, Counts()
        fresh = Batch(refusals=batch.refusals)
        now: set[int] = set()
        for row, document in zip(batch.rows, batch.documents, strict=True):
            identity = _hashed_identity(document)
            now.add(identity)
            if identity not in self._seen:
                fresh.rows.append(row)
                fresh.documents.append(document)
        fresh.checked = check_rows(fresh.documents)
        again = len(batch.rows) - len(fresh.rows)
        self._seen |= now
        return fresh, Counts(again, 0, again, 0) if self._options.on_duplicate == UPDATE else Counts(again, 0, 0, again)


def _hashed_identity(document: Mapping[str, str]) -> int:
    identity = lead_identity(
        external_id=document.get("external_id", "").strip(),
        phone_key=phone_key(document["customer_phone"]),
        lead_type=document.get("type", ""),
        details=document.get("details", ""),
    )
    return int.from_bytes(hashlib.blake2b("\0".join(identity).encode(), digest_size=8).digest(), "big")
