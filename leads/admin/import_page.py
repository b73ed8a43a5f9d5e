"""The parts of an import's page other than its fields: preview, progress and refused rows."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext

from leads.admin.import_choices import ENCODINGS
from leads.admin.import_forms import preview_form, value_choices
from leads.admin.import_progress import counts_of, describe_counts, meaning, progress_of
from leads.importing.batches import Refusal
from leads.importing.columns.fields import LABELS
from leads.importing.errors_file import ErrorsFile, refused_rows
from leads.importing.page_messages import page_message
from leads.importing.phones.shown_names import shown_region
from leads.importing.preview import Preview, stored_preview
from leads.importing.resume import before_of, earlier_runs
from leads.importing.uploads import IN_PROGRESS, STOPPED
from leads.models import ImportRun, Lead
from leadsite.adminkit.values import shorten
from leadsite.languages.texts import either, number

State = ImportRun.State
SHOWN: Final = 20
_BLOCK: Final = 2**16
# More columns than these are not seen at once.
_WIDE: Final = 6
_CHOICES: Final = {"type": dict(Lead.Type.choices), "status": dict(Lead.Status.choices)}


def run_context(run: ImportRun) -> dict[str, Any]:
    """The context of leads/import_run.html."""
    if run.state == State.PREVIEW:
        preview = stored_preview(run)
        return {"under_way": progress_of(run)} if preview is None else _preview(run, preview)
    if run.state in IN_PROGRESS:
        return {"under_way": progress_of(run)}
    return {"meaning": meaning(run), "can_resume": run.state in STOPPED and run.pieces.exists()}


def _preview(run: ImportRun, preview: Preview) -> dict[str, Any]:
    header = preview.header
    form = preview_form(run, header, preview.fields, preview.sheets)
    order = _order(header, preview.fields)
    trial = run.trial
    skipped_by = before_of(run, columns=preview.fields).run
    finished = earlier_runs(user_id=run.user_id, file_hash=run.file_hash).filter(state=State.FINISHED)
    return {
        "preview_form": form,
        "preview_columns": [(header[index], form.choices[index]) for index in order],
        "preview_rows": [
            (
                row.line,
                [shorten(row.cells[index]) if index < len(row.cells) else "" for index in order],
                page_message(row.reason),
            )
            for row in preview.rows
        ],
        "reordered": order != sorted(order),
        "preview_notes": [
            page_message(note) for note in dict.fromkeys((*preview.notes, *(trial or {}).get("notes", ())))
        ],
        "preview_values": value_choices(run, preview.unknown),
        "choose_sheet": preview.alike,
        "problem": page_message(preview.problem),
        "encoding": _encoding(preview.problem),
        "phones": _phones(preview),
        "trial": trial,
        "trial_words": describe_counts(counts_of(run)) if trial and "error" not in trial else "",
        "trial_error": page_message(trial.get("error", "")) if trial else "",
        "imported_before": skipped_by or finished.first(),
        "skips_stored": skipped_by is not None,
    }


def _order(header: Sequence[str], fields: Sequence[str | None]) -> list[int]:
    """The columns as they are shown: of a wide file, those that are read are first."""
    order = list(range(len(header)))
    if len(header) <= _WIDE:
        return order
    return sorted(order, key=lambda index: index >= len(fields) or fields[index] is None)


def _encoding(problem: str) -> tuple[str, Any] | None:
    """The encoding that the message suggests, and its name for a button."""
    return next(((code, name) for code, name in ENCODINGS.items() if f"--encoding {code};" in problem), None)


def _phones(preview: Preview) -> dict[str, Any]:
    """What the first rows say about the phone column, with the countries to choose from."""
    phones = preview.phones
    regions = [(region, shown_region(region)) for region in phones.regions] if not phones.full else []
    total = ngettext(
        "%(count)s phone number has no country code", "%(count)s phone numbers have no country code", phones.total
    )
    valid = ngettext(
        "%(valid)s of %(count)s is valid in %(countries)s.",
        "%(valid)s of %(count)s are valid in %(countries)s.",
        phones.valid,
    )
    named = either([name for _, name in regions])
    values = {"count": phones.total, "valid": phones.valid, "countries": named}
    return {"regions": regions, "words": f"{total % values}; {valid % values}"}


def changes_table(run: ImportRun) -> dict[str, Any] | None:
    """What the first rows would change in leads and customers that are there, as the last dry run has found out."""
    trial = run.trial or {}
    rows = trial.get("changes", []) if run.state == State.PREVIEW else []
    shown = [
        (row["line"], capfirst(gettext(LABELS.get(name, name))), _value(name, before), _value(name, after))
        for row in rows
        for name, (before, after) in row["changes"].items()
    ]
    counts = trial.get("changed_fields", {})
    words = ", ".join(f"{gettext(LABELS.get(name, name))} {number(count)}" for name, count in counts.items())
    return {"rows": shown, "words": words, "more": sum(counts.values()) > len(shown)} if shown else None


def _value(field: str, text: str) -> str:
    return str(_CHOICES.get(field, {}).get(text) or shorten(text))


def refused_table(run: ImportRun) -> dict[str, Any] | None:
    """The first refused rows of the import or of the last dry run; None where no row was refused."""
    if run.state == State.PREVIEW:
        trial = run.trial or {}
        return _table(run, trial.get("refusals", []), total=trial.get("failed", 0), stored=False)
    rows = run.refusals.order_by("line", "pk").values("line", "field", "reason", "cells")[:SHOWN]
    return _table(run, rows, total=run.failed, stored=True)


def _table(run: ImportRun, rows: Iterable[Mapping[str, Any]], *, total: int, stored: bool) -> dict[str, Any] | None:
    shown = [
        {
            "line": row["line"],
            "field": LABELS.get(row["field"], row["field"]),
            "reason": page_message(row["reason"]),
            "cells": _cells(run.columns, row["cells"]),
        }
        for row in rows
    ]
    return {"rows": shown, "total": total, "stored": stored, "more": total > len(shown)} if shown else None


def _cells(header: Sequence[str], cells: Sequence[str]) -> list[tuple[str, str]]:
    """The cells that are not blank, with their column names."""
    names = [*header, *([""] * len(cells))]
    return [(shorten(name, 40), shorten(cell)) for name, cell in zip(names, cells, strict=False) if cell.strip()][:12]


def refused_file(run: ImportRun) -> Iterator[bytes]:
    """Yield the run's errors file in blocks; it is written to a temporary file first, because it may be large."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "refused.csv"
        with ErrorsFile(path, run.columns) as errors:
            for refusal in refused_rows(run):
                _write(errors, refusal)
        if not path.exists():
            return
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block


def _write(errors: ErrorsFile, refusal: Refusal) -> None:
    errors.write(refusal.row, refusal.field, page_message(refusal.reason))
