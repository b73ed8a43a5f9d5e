"""A lead beside its chat: its next steps, its details, who takes care of it, and when to follow up."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from leads.models import DETAILS_MAX_LENGTH, LOST_REASON_MAX_LENGTH, Lead
from leads.services.change import StaleVersion, change_lead, undo_last_step
from leads.services.refusals import LeadRefused
from leadsite.adminkit.values import read_uuid
from leadsite.inbox.access import Viewer, writer_of
from leadsite.inbox.changes import answer_with_chat
from leadsite.inbox.parameters import read_text
from leadsite.inbox.times import NotATime, read_time
from leadsite.languages.texts import shown

_NOT_CHANGED: Final = _("Not changed:")


NO_PERMISSION: Final = _("your login may not change leads.")
CHANGED_MEANWHILE: Final = _("somebody has changed this lead meanwhile. Look at it again, then repeat your change.")


@require_POST
def lead(request: HttpRequest, conversation_id: UUID, lead_id: UUID) -> HttpResponse:
    """Change what the form has of a lead: status with its reason, type, details, assignee, follow-up; or undo the last
    step.
    """
    viewer = writer_of(request)
    row = viewer.chat(conversation_id)
    status, problem = move_lead(viewer, lead_id, request.POST)
    return answer_with_chat(request, viewer, row, status=status, **({"problem": problem} if problem else {}))


def move_lead(viewer: Viewer, lead_id: UUID, form: QueryDict) -> tuple[int, str]:
    """Change a lead as the form says; return the status for the answer and, unless it was changed, why not."""
    if not viewer.person.has_perm("leads.change_lead"):
        return 403, f"{_NOT_CHANGED} {NO_PERMISSION}"
    its: dict[str, Any] = {"user_id": viewer.business_id, "lead_id": lead_id}
    its["version"] = _version_of(form.get("version", ""))
    try:
        if "undo" in form:
            undo_last_step(person_id=viewer.person_id, **its)
        else:
            change_lead(changes=read_changes(form), **its)
    except StaleVersion:
        return 409, f"{_NOT_CHANGED} {CHANGED_MEANWHILE}"
    except (LeadRefused, NotATime) as refusal:
        return 422, f"{_NOT_CHANGED} {shown(refusal)}"
    return 200, ""


def _version_of(text: str) -> int | None:
    """The version that the page had; 0, which no lead has, for a number that no page can have had."""
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text) if len(text) < 10 else 0


def read_changes(form: QueryDict) -> dict[str, Any]:
    """Return the new values for change_lead. Raises LeadRefused, NotATime."""
    changes: dict[str, Any] = {}
    if "status" in form:
        changes["status"] = read_text(form, "status")
    # Staying lost with another reason is a change, too.
    if reason := read_text(form, "lost_reason"):
        changes["lost_reason"] = _at_most(reason, LOST_REASON_MAX_LENGTH, "lost_reason", "A reason has")
    if "type" in form:
        changes["type"] = read_text(form, "type")
        if changes["type"] not in Lead.Type.values:
            raise LeadRefused(f"A type is one of {', '.join(Lead.Type.values)}.", field="type")
    if "details" in form:
        changes["details"] = _at_most(read_text(form, "details"), DETAILS_MAX_LENGTH, "details", "Details have")
    if "assigned_to" in form:
        changes["assigned_to_id"] = read_uuid(read_text(form, "assigned_to"))
    if "follow_up" in form:
        changes["follow_up_at"] = read_follow_up(read_text(form, "follow_up"))
    return changes


def read_follow_up(text: str) -> datetime | None:
    """The time; None for "": there is nothing to do any more. Raises NotATime."""
    return read_time(text) if text.strip() else None


def _at_most(text: str, most: int, field: str, words: str) -> str:
    if len(text) > most:
        raise LeadRefused(f"{words} at most {most} characters.", field=field)
    return text
