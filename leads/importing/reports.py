"""Counts the rows of files for /metrics, and reports those that conflicted with stored rows."""

from dataclasses import asdict

from leads.importing.batches import Loaded
from leads.models import ImportRun
from leadsite.core import failures, metrics
from leadsite.core.failures import Source


def report_rows(run: ImportRun, loaded: Loaded) -> None:
    """Call it after the COMMIT of a batch."""
    for name, count in asdict(loaded.counts).items():
        if name != "read":
            metrics.rows_imported(name, count)
    metrics.leads_created(Source.IMPORT, "created", loaded.counts.created)
    metrics.leads_created(Source.IMPORT, "refused", loaded.counts.failed)
    for refusal in loaded.refusals:
        if refusal.conflict:
            failures.report_item(
                source=Source.IMPORT,
                user_id=run.user_id,
                operation="import row",
                sqlstate=refusal.conflict.sqlstate,
                constraint=refusal.conflict.constraint or "",
                error=refusal.reason,
                item={"run": run.pk, "line": refusal.row.line},
            )
