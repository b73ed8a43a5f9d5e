"""Allowed status transitions of leads. Those of messages: conversations/message_status_order.py."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_noop

from leads.models import Lead
from leads.services.refusals import LeadRefused

Status = Lead.Status

# For each status, those that may follow it. A lost lead can be reopened, and a converted one can still be lost.
TRANSITIONS: Final[Mapping[str, tuple[str, ...]]] = {
    Status.NEW: (Status.CONTACTED, Status.QUALIFIED, Status.CONVERTED, Status.LOST),
    Status.CONTACTED: (Status.QUALIFIED, Status.CONVERTED, Status.LOST),
    Status.QUALIFIED: (Status.CONTACTED, Status.CONVERTED, Status.LOST),
    Status.CONVERTED: (Status.LOST,),
    Status.LOST: (Status.CONTACTED, Status.QUALIFIED),
}


class StatusNotAllowed(LeadRefused):
    """This status may not follow the lead's present one; `allowed` are those that may."""

    def __init__(self, message: str, *, allowed: tuple[str, ...]) -> None:
        super().__init__(message, field="status")
        self.allowed = allowed


def move_error(present: str, status: str) -> str | None:
    """Why a lead may not move from its present status to another, with those that it may; None where it may."""
    if status == present or status in TRANSITIONS[present]:
        return None
    return gettext_noop("A lead that is %(present)s cannot become %(status)s; it can become %(value)s.") % {
        "present": present,
        "status": status,
        "value": ", ".join(TRANSITIONS[present]),
    }


def check_status(lead: Lead, columns: Mapping[str, Any]) -> None:
    """Check the new status, if there is one. Raises StatusNotAllowed; LeadRefused for a lost lead without a reason."""
    status = columns.get("status", lead.status)
    if (error := move_error(lead.status, status)) is not None:
        raise StatusNotAllowed(error, allowed=TRANSITIONS[lead.status])
    becomes_lost = status == Status.LOST and lead.status != Status.LOST
    if becomes_lost and not str(columns.get("lost_reason", lead.lost_reason)).strip():
        raise LeadRefused(gettext_noop("A lost lead needs a reason: why was it lost?"), field="lost_reason")
