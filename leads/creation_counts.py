"""Counts creations for /metrics, and reports leads of a list that were left out."""

from collections.abc import Sequence
from uuid import UUID

from leads.services.rules import LeadError, NewLead
from leadsite.core import failures, metrics


def count_creations(user_id: UUID, source: str, leads: Sequence[NewLead], outcomes: Sequence[object]) -> None:
    """Call it after COMMIT. Each outcome is a created lead, or the error of one that was left out."""
    errors = [(lead, error) for lead, error in zip(leads, outcomes, strict=True) if isinstance(error, LeadError)]
    metrics.leads_created(source, "created", len(outcomes) - len(errors))
    metrics.leads_created(source, "refused", len(errors))
    for lead, error in errors:
        if error.is_conflict:
            failures.report_item(
                source=source,
                user_id=user_id,
                operation="create one of several leads",
                sqlstate=error.sqlstate,
                constraint=error.constraint or "",
                error=error.message,
                item=lead,
            )
