"""Dry runs: each batch is rolled back, and DryRun loads it as if the ones before had been stored; FirstChanges is the
report.
"""

import hashlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from leads.importing.batches import Batch, Counts, Loaded, Options, Refusal, RowChange, Work, load
from leads.importing.resume import Before, skipping
from leads.importing.runs import Refuse, Tell
from leads.services.file_rows import CREATE, OTHER_CUSTOMERS, SKIP, check_rows
from leads.services.import_rows import identity_of, wait_for_whole_file
from leads.services.rules import EXTERNAL_ID_TAKEN, CheckedLead, LeadError
from leads.services.update_rows import EarlierRows
from leadsite.core.transactions import end_if_idle, retried

Show = Callable[[RowChange], None]


class DryRun:
    """What the batches of a dry run leave for the next ones, which cannot see it in the database.

    It keeps a hash of eight bytes for each lead; of an update, the leads that it creates or changes.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._seen: set[int] = set()
        self._earlier = EarlierRows()

    def load(self, batch: Batch, *, user_id: UUID) -> Loaded:
        """As the function load. Caller rolls back the transaction, and may repeat it. Raises django.db.Error."""
        if self._options.updates:
            return load(batch, user_id=user_id, run_id=None, options=self._options, earlier=self._earlier)
        new, repeated = self._without_repeated(batch)
        loaded = load(new, user_id=user_id, run_id=None, options=self._options)
        refused = {refusal.row.line for refusal in loaded.refusals}
        for row, lead in zip(new.rows, new.checked.leads, strict=True):
            if row.line not in refused and isinstance(lead, CheckedLead):
                self._seen.update(_hashes(lead))
        loaded.counts.add(Counts(read=repeated, skipped=repeated))
        return loaded

    def _without_repeated(self, batch: Batch) -> tuple[Batch, int]:
        """Return the batch without the leads of earlier batches, and how many of those there are."""
        new = Batch(refusals=[*batch.refusals])
        for row, said, lead in zip(batch.rows, batch.said, batch.checked.leads, strict=True):
            error = self._error(lead) if isinstance(lead, CheckedLead) else None
            if error is not None:
                new.refusals.append(Refusal(row, error.field, error.sentence))
            elif not isinstance(lead, CheckedLead) or not self._is_repeated(lead):
                new.rows.append(row)
                new.said.append(said)
        new.checked = check_rows(
            new.said, defaults=self._options.for_new_leads, on_duplicate=self._options.on_duplicate
        )
        return new, len(batch.rows) + len(batch.refusals) - len(new.rows) - len(new.refusals)

    def _error(self, lead: CheckedLead) -> LeadError | None:
        """The error of an external id that an earlier batch has given to a lead."""
        if lead.external_id is None or (hashes := _hashes(lead))[0] not in self._seen:
            return None
        if self._options.on_duplicate == CREATE:
            return EXTERNAL_ID_TAKEN
        return OTHER_CUSTOMERS if hashes[1] not in self._seen else None

    def _is_repeated(self, lead: CheckedLead) -> bool:
        return self._options.on_duplicate == SKIP and _hashes(lead)[0] in self._seen


def _hashes(lead: CheckedLead) -> list[int]:
    """The hash of the lead's identity; with an external id also that of the id with the customer."""
    identity = identity_of(lead)
    parts = [identity, (*identity, lead.phone_key)] if lead.external_id is not None else [identity]
    return [int.from_bytes(hashlib.blake2b("\0".join(part).encode(), digest_size=8).digest(), "big") for part in parts]


def dry_run_import(
    *,
    user_id: UUID,
    batches: Iterable[Batch],
    options: Options,
    before: Before,
    refuse: Refuse,
    show: Show,
    tell: Tell,
) -> Counts:
    """Import each batch and roll it back; return the counts that an import would have.

    `show` is called with each field of a lead or customer that would change. Raises UnreadableFile, django.db.Error.
    """
    counts, dry_run = Counts(), DryRun(options)
    work = skipping(partial(dry_run.load, user_id=user_id), before, user_id=user_id, options=options)
    for batch in batches:
        loaded = _rolled_back(batch, user_id=user_id, work=work)
        counts.add(loaded.counts)
        for refusal in loaded.refusals:
            refuse(refusal)
        for change in loaded.changes:
            show(change)
        if tell(counts, batch.position):
            break
    return counts


@retried(source="import", operation="dry run")
def _rolled_back(batch: Batch, *, user_id: UUID, work: Work) -> Loaded:
    with transaction.atomic():
        end_if_idle()
        wait_for_whole_file(user_id=user_id)
        loaded = work(batch)
        transaction.set_rollback(True)
    return loaded


class FirstChanges:
    """The first rows that would change leads or customers, with what they change, and how often each field changes.

    `rows`: by line, for each field the value before and after.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.rows: dict[int, dict[str, tuple[str, str]]] = {}
        self.counts: dict[str, int] = {}

    def add(self, change: RowChange) -> None:
        self.counts[change.field] = self.counts.get(change.field, 0) + 1
        if change.line in self.rows or len(self.rows) < self._limit:
            self.rows.setdefault(change.line, {})[change.field] = (change.before, change.after)

    def shown(self, *, letters: int | None = None) -> list[dict[str, Any]]:
        """The rows as JSON; values are cut to a number of letters."""
        return [
            {"line": line, "changes": {name: [text[:letters] for text in texts] for name, texts in changes.items()}}
            for line, changes in self.rows.items()
        ]
