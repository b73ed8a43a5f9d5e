"""State and counts of a bulk change as text for its page."""

from typing import Any, Final
from uuid import UUID

from django.utils.safestring import SafeString

from leads.bulk.changes import IN_PROGRESS, UNDOING
from leads.bulk.outcomes import GONE, OVERTAKEN, REFUSED, SAME
from leads.models import BulkChange, Lead
from leadsite.accounts.models import User
from leadsite.adminkit.values import WAITS_FOR_WORKER, badge

State = BulkChange.State
_COLOURS: Final = {
    State.WAITING: "queued",
    State.RUNNING: "sending",
    State.FINISHED: "processed",
    State.CANCELLED: "unknown",
    State.FAILED: "failed",
    State.UNDO_WAITING: "queued",
    State.UNDOING: "sending",
}
_LABELS: Final = {State.UNDO_WAITING: "Undo is waiting"}
# Of several leads, and of one.
_KEPT: Final = {
    SAME: ("because they had this value already", "It had this value already."),
    REFUSED: ("because their status does not allow it", "Its status does not allow it."),
    OVERTAKEN: ("because somebody else changed them meanwhile", "Somebody else changed it meanwhile."),
    GONE: ("because they have been deleted", "It has been deleted."),
}


def counted(count: int) -> str:
    return f"{count:,} {'lead' if count == 1 else 'leads'}"


def kept_words(change: BulkChange) -> list[tuple[str, int]]:
    """Why leads were not changed, and how many; without reasons that none has."""
    return [(words, count) for name, (words, _) in _KEPT.items() if (count := getattr(change, name))]


def reason_of(outcome: str) -> str:
    """Why a lead was not changed, as a sentence."""
    return _KEPT[outcome][1]


def label_of(change: BulkChange) -> str:
    return str(_LABELS.get(State(change.state), change.get_state_display()))


def state_badge(change: BulkChange) -> SafeString:
    return badge(label_of(change), _COLOURS.get(State(change.state), ""))


def kept_count(change: BulkChange) -> int:
    return sum(count for _, count in kept_words(change))


def progress_of(change: BulkChange) -> dict[str, Any]:
    """The numbers that leads/static/leads/import.js requests every second."""
    undo = change.state in UNDOING
    done, kept = (change.restored, change.remaining) if undo else (change.changed, kept_count(change))
    total = change.changed if undo else change.total
    return {
        "state": change.state,
        "over": change.state not in IN_PROGRESS,
        "progress": (done + kept) / total if total else 1.0,
        "words": WAITS_FOR_WORKER if change.state in (State.WAITING, State.UNDO_WAITING) else "",
        "read": done + kept,
        "done": done,
        "kept": kept,
        "total": total,
    }


def describe_values(change: BulkChange) -> str:
    """What is written, for example: Status: contacted."""
    parts = []
    for name, value in change.values.items():
        if name == "assigned_to_id":
            person = User.objects.filter(pk=UUID(value)).first() if value else None
            unknown = "a deleted user" if value else "nobody"
            parts.append(f"Assigned to: {person.person_name if person else unknown}")
        elif name == "deleted":
            parts.append("Deleted")
        elif name == "status":
            parts.append(f"Status: {Lead.Status(value).label.lower()}")
        else:
            parts.append(f"Type: {Lead.Type(value).label.lower()}")
    return ", ".join(parts)


def describe_counts(change: BulkChange) -> str:
    """For example: 12 leads: 10 changed, 2 not changed."""
    parts = [f"{change.changed:,} changed"] if change.changed else []
    parts += [f"{count:,} not, {words}" for words, count in kept_words(change)]
    return counted(change.total) + (f": {'; '.join(parts)}" if parts else "")


def meaning(change: BulkChange) -> str:
    """What the state of the change means, and the next step."""
    match change.state:
        case State.FINISHED:
            return f"{describe_counts(change)}."
        case State.CANCELLED:
            return f"Cancelled. {describe_counts(change)}. The others were not touched; “Continue” processes them."
        case State.FAILED:
            return f"{change.error} {describe_counts(change)}."
        case State.UNDONE:
            left = f"; {change.remaining:,} were changed by somebody since and stay as they are"
            return f"Undone: {counted(change.restored)} given back{left if change.remaining else ''}."
    return ""
