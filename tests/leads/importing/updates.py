"""Random stored leads and random files for updates, and what must hold for each."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from hypothesis import strategies as st

from conversations.models import Conversation, Customer
from leads.models import ImportChange, ImportRun, Lead
from tests.factories import Business
from tests.leads.importing.operator import CommandResult, import_leads, run

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PHONES = ["+4915100000001", "+4915100000002", "+4915100000003"]
TYPES = ["order", "booking", "inquiry"]
STATUSES = ["new", "contacted", "qualified", "converted", "lost"]
DETAILS = ["Cake", "Bread", "Two cakes"]
NAMES = ["Anna", "Bert"]
IDS = ["a", "b", "c"]
COLUMNS = {
    "external_id": ["", *IDS],
    "customer_phone": ["", *PHONES, "12"],
    "customer_name": ["", *NAMES],
    "type": ["", *TYPES, "cake"],
    "status": ["", *STATUSES],
    "details": ["", *DETAILS],
}
STORED = st.lists(
    st.tuples(
        st.sampled_from(PHONES),
        st.sampled_from(TYPES),
        st.sampled_from(["", *DETAILS]),
        st.sampled_from(STATUSES),
        st.sampled_from([None, None, *IDS]),
    ),
    max_size=5,
)


@dataclass(frozen=True)
class UpdateFile:
    """A file of rows, with the options that it is imported with."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    options: Sequence[str]

    def said(self, field: str) -> set[str]:
        place = self.header.index(field) if field in self.header else None
        values = set() if place is None else {row[place] for row in self.rows} - {""}
        clears = field == "details" and field in self.header and "--blank-clears" in self.options
        return values | {""} if clears else values


@st.composite
def update_files(draw: st.DrawFn) -> UpdateFile:
    key = draw(st.sampled_from(["external_id", "customer_phone"]))
    others = draw(st.lists(st.sampled_from([name for name in COLUMNS if name != key]), unique=True))
    header = [key, *others]
    rows = draw(st.lists(st.tuples(*(st.sampled_from(COLUMNS[name]) for name in header)), min_size=1, max_size=6))
    options = ["--batch-size", str(draw(st.integers(1, 4)))]
    options += draw(st.sampled_from([[], ["--blank-clears", "details"]]))
    options += draw(st.sampled_from([[], ["--type", "booking"]])) + draw(st.sampled_from([[], ["--status", "lost"]]))
    return UpdateFile(header, rows, options)


def store(owner: Business, stored: Sequence[tuple[str, str, str, str, str | None]]) -> None:
    taken: set[str | None] = {None}
    for phone, lead_type, details, status, external_id in stored:
        owner.has_lead(
            customer_phone=phone,
            customer_name="Old",
            type=lead_type,
            details=details,
            status=status,
            external_id=None if external_id in taken else external_id,
        )
        taken.add(external_id)
    # Within the test's transaction now() stands still, and undo compares times.
    for model in (Lead, Conversation, Customer):
        model._default_manager.update(created_at=LONG_AGO, updated_at=LONG_AGO)


def snapshot() -> dict[str, dict[Any, tuple[Any, ...]]]:
    leads = Lead.objects.values_list("pk", "type", "details", "status", "external_id", "conversation__customer_id")
    customers = Customer.objects.values_list("pk", "name", "phone")
    conversations = Conversation.objects.values_list("pk", "customer_id", "status")
    return {
        "leads": {row[0]: row[1:] for row in leads},
        "customers": {row[0]: row[1:] for row in customers},
        "conversations": {row[0]: row[1:] for row in conversations},
    }


def check_update(owner: Business, folder: Path, stored: Any, file: UpdateFile) -> None:
    """Nothing changes that the file does not say; the dry run predicts it; the undo gives everything back."""
    with transaction.atomic():
        store(owner, stored)
        path = folder / "update.csv"
        with path.open("w", newline="", encoding="utf-8") as opened:
            csv.writer(opened).writerows([file.header, *file.rows])
        before = snapshot()
        options = ["--on-duplicate", "update", *file.options]
        predicted = import_leads(owner, path, *options, "--dry-run", "--errors", folder / "dry.csv")
        assert snapshot() == before
        imported = import_leads(owner, path, *options, "--errors", folder / "errors.csv")
        after = snapshot()
        _check_prediction(predicted, imported, before, after, folder)
        _check_changes(before, after, file)
        undone = run("undo_import", imported.summary["run"])
        assert (undone.code, snapshot()) == (0, before)
        assert not ImportChange.objects.exists()
        transaction.set_rollback(True)
    for name in ("dry.csv", "errors.csv"):
        (folder / name).unlink(missing_ok=True)


def _check_prediction(predicted: CommandResult, imported: CommandResult, before: Any, after: Any, folder: Path) -> None:
    assert (predicted.code, predicted.counts) == (imported.code, imported.counts)
    if predicted.counts["failed"]:
        assert (folder / "dry.csv").read_text("utf-8-sig") == (folder / "errors.csv").read_text("utf-8-sig")
    if before != after:
        assert predicted.summary["changes"] or predicted.summary["created"]
    if predicted.counts["updated"] == predicted.counts["created"] == 0:
        assert before == after
    run_row = ImportRun.objects.get(pk=imported.summary["run"])
    assert Lead.objects.filter(import_run=run_row).count() == imported.summary["created"]
    assert len(after["leads"]) - len(before["leads"]) == imported.summary["created"]


def _check_changes(before: Any, after: Any, file: UpdateFile) -> None:
    for key, (lead_type, details, status, external_id, customer_id) in before["leads"].items():
        now = after["leads"][key]
        assert now[0] in {lead_type, *file.said("type")}
        assert now[1] in {details, *file.said("details")}
        assert now[2] in {status, *file.said("status")}
        assert now[3:] == (external_id, customer_id)
    for key, (name, phone) in before["customers"].items():
        assert after["customers"][key][0] in {name, *file.said("customer_name")}
        assert after["customers"][key][1] == phone
