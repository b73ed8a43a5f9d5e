"""Runs a migration: loads and links the rows, then stores them, a batch of customers at a time.

A batch is one transaction, and a row that is here already is skipped, so a killed run is continued by running it again,
and a later dump adds what is new.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from leads.migrating import staging
from leads.migrating.owners import assign_owners
from leads.migrating.reports import RepairedFile, write_refused
from leads.migrating.rows import Reading
from leads.migrating.sources.records import TABLES, Record
from leads.migrating.store import store_customers
from leadsite.core.statements import fetch_rows
from leadsite.core.table_statistics import analyze_grown

OUTCOMES: Final = ("created", "repaired", "skipped", "failed")
GROWING: Final = ("customers", "conversations", "leads", "messages")
Tell = Callable[[str, int, int | None], bool]


@dataclass(slots=True)
class Result:
    """Counts by table: read is the sum of the outcomes. `made`: conversations and leads that no row had."""

    tables: dict[str, dict[str, int]] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    loaded: staging.Loaded = field(default_factory=staging.Loaded)
    stopped: bool = False

    @property
    def failed(self) -> int:
        return sum(counts["failed"] for counts in self.tables.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """`only` and `mapped`: see assign_owners. `errors`: the folder for refused and repaired rows. `tell` is called with
    what is done, how many rows are done and of how many; it returns True to stop.
    """

    reading: Reading
    only: UUID | None
    mapped: Mapping[str, UUID | None]
    businesses: Mapping[str, UUID]
    batch_size: int
    dry_run: bool
    errors: Path | None
    tell: Tell

    def run(self, records: Iterable[Record]) -> Result:
        """Raises UnreadableSource, OwnersUnclear, OSError, django.db.Error; batches stored until then stay."""
        loaded = staging.load(records, self.reading, lambda number: self.tell("read", number, None))
        result = Result(loaded=loaded)
        if self.tell("linked", 0, None):
            result.stopped = True
            return result
        owned_by = assign_owners(staging.owners(), only=self.only, mapped=self._mapped(loaded), emails=loaded.users)
        staging.link(owned_by)
        if self.errors:
            self.errors.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_refused(self.errors, loaded.headers)
        counts = self._store({business for business in owned_by.values() if business is not None}, result)
        result.tables = {table: _total(table, staging.counted()[table], counts) for table in TABLES}
        return result

    def _mapped(self, loaded: staging.Loaded) -> Mapping[str, UUID | None]:
        """The given map; without one, users whose e-mail is that of a business here are that business."""
        if self.mapped or self.only is not None:
            return self.mapped
        found = {one.id for one in staging.owners()}
        return {
            user: self.businesses[email]
            for user, email in loaded.users.items()
            if user in found and email in self.businesses
        }

    def _store(self, businesses: set[UUID], result: Result) -> Counter[tuple[str, str]]:
        counts: Counter[tuple[str, str]] = Counter()
        total, done = _number_of_rows(), 0
        with RepairedFile(self.errors) as repaired:
            repaired.write(staging.repaired_by_linking())
            for customers in staging.batches_of_customers(businesses, self.batch_size):
                stored = store_customers(customers=customers, dry_run=self.dry_run)
                if not self.dry_run:
                    analyze_grown(GROWING)
                repaired.write(stored.repaired)
                counts.update(stored.counts)
                result.made.update(stored.made)
                done += stored.counts.total()
                if self.tell("stored", done, total):
                    result.stopped = True
                    break
        return counts


def _number_of_rows() -> int:
    ((number,),) = fetch_rows("SELECT count(*) FROM old_rows WHERE outcome IS NULL AND problem IS NULL")
    return int(number)


def _total(table: str, linked: staging.Counted, counts: Mapping[tuple[str, str], int]) -> dict[str, int]:
    return {
        "read": linked.read,
        "created": counts.get((table, "created"), 0),
        "repaired": linked.repaired + counts.get((table, "repaired"), 0),
        "skipped": linked.skipped + counts.get((table, "skipped"), 0),
        "failed": linked.failed,
    }
