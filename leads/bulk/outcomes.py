"""Decides what a bulk change does with one lead."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from leads.models.bulk import LeadValues
from leads.services.status_order import TRANSITIONS

# Each is the name of its count in BulkChange.
CHANGED: Final = "changed"
SAME: Final = "same"
REFUSED: Final = "refused"
OVERTAKEN: Final = "overtaken"
GONE: Final = "gone"


def is_deletion(values: Mapping[str, Any]) -> bool:
    return "deleted" in values


def outcome_of(*, chosen: LeadValues, present: LeadValues | None, values: Mapping[str, Any]) -> str:
    """Return what happens to a lead: `chosen` are its values when it was chosen, `present` those under its lock.

    A later change of the same field by another person stays: it was decided later. What was changed after it was chosen
    is not deleted.
    """
    if present is None:
        return GONE
    if is_deletion(values):
        return CHANGED if chosen == present else OVERTAKEN
    target = target_of(values, present)
    # Who is lost already keeps the reason.
    if target == present or values.get("status") == present.status:
        return SAME
    if any(getattr(chosen, name) != getattr(present, name) for name in values):
        return OVERTAKEN
    if target.status != present.status and target.status not in TRANSITIONS[present.status]:
        return REFUSED
    return CHANGED


def undo_outcome_of(*, present: LeadValues, values: Mapping[str, Any]) -> bool:
    """Whether the lead still has what the change has written, so that the undo gives back what it had before."""
    return target_of(values, present) == present


def target_of(values: Mapping[str, Any], present: LeadValues) -> LeadValues:
    """Return the present values of a lead with those that a bulk change writes (as JSON, so ids are texts)."""
    assignee = values.get("assigned_to_id")
    typed = dict(values) | ({"assigned_to_id": UUID(assignee)} if assignee else {})
    return present._replace(**typed)
