"""What is asked before a bulk change of leads, and its state and counts as text for its page."""

from typing import Any, Final
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from conversations.admin.customer_rows import SearchPaginator
from leads.bulk import changes
from leads.bulk.changes import IN_PROGRESS, UNDOING
from leads.bulk.outcomes import GONE, OVERTAKEN, REFUSED, SAME
from leads.models import LOST_REASON_MAX_LENGTH, BulkChange, Lead
from leadsite.accounts.models import User
from leadsite.accounts.people.shown_for import FIELD
from leadsite.adminkit.paginator import COUNT_LIMIT
from leadsite.adminkit.values import WAITS_FOR_WORKER, badge
from leadsite.core.postgresql.patience import limit_waiting
from leadsite.core.transactions import custom_plans
from leadsite.languages.texts import inside, number, shown

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
_LABELS: Final = {State.UNDO_WAITING: _("Undo is waiting")}
# Of several leads, and of one.
_KEPT: Final = {
    SAME: (_("because they had this value already"), _("It had this value already.")),
    REFUSED: (_("because their status does not allow it"), _("Its status does not allow it.")),
    OVERTAKEN: (_("because somebody else changed them meanwhile"), _("Somebody else changed it meanwhile.")),
    GONE: (_("because they have been deleted"), _("It has been deleted.")),
}
_CONFIRMED: Final = "confirmed"
_REASON: Final = "lost_reason"
# The form that asks has its own.
_OWN_FIELDS: Final = ("csrfmiddlewaretoken", FIELD)


def read_reason(request: HttpRequest) -> str:
    """Return why the leads were lost; "" where that is not said, or too long for a lead."""
    reason = request.POST.get(_REASON, "").replace("\0", "").strip()
    return reason if len(reason) <= LOST_REASON_MAX_LENGTH else ""


def number_not_shown(request: HttpRequest, leads: QuerySet[Lead]) -> int | None:
    """The number of all leads that match, where the list showed the limit of its count instead."""
    if request.POST.get("select_across") != "1" or _CONFIRMED in request.POST:
        return None
    # As long as the choice of the leads may take.
    seconds = changes.CHOOSING_SECONDS
    with limit_waiting(seconds), custom_plans(statement_timeout=f"{seconds}s"):
        number = leads.order_by().count()
    # A search is counted to fewer.
    limit = SearchPaginator.limit if hasattr(request, "found_pages") else COUNT_LIMIT
    return number if number > limit else None


def ask(
    request: HttpRequest, action_name: str, *, number: int | None = None, asks_reason: bool = False
) -> HttpResponse:
    """Show the number of leads, or ask for the reason, and a button that sends the same form again."""
    left_out = (*_OWN_FIELDS, _REASON) if asks_reason else _OWN_FIELDS
    posted = [(name, value) for name, values in request.POST.lists() for value in values if name not in left_out]
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": action_name if asks_reason else gettext("All that match"),
        "opts": Lead._meta,
        "action_name": action_name,
        "back": request.get_full_path(),
    }
    if asks_reason:
        context |= {"posted": posted, "asks_reason": True, "max_length": LOST_REASON_MAX_LENGTH}
    elif number is not None:
        context |= {"posted": [*posted, (_CONFIRMED, "1")], "counted": counted(number)}
    return TemplateResponse(request, "leads/bulk_confirm.html", context)


def counted(count: int) -> str:
    return ngettext("%(count)s lead", "%(count)s leads", count) % {"count": number(count)}


def kept_words(change: BulkChange) -> list[tuple[str, int]]:
    """Why leads were not changed, and how many; without reasons that none has."""
    return [(str(words), count) for name, (words, _one) in _KEPT.items() if (count := getattr(change, name))]


def reason_of(outcome: str) -> str:
    """Why a lead was not changed, as a sentence."""
    return str(_KEPT[outcome][1])


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
        "words": str(WAITS_FOR_WORKER) if change.state in (State.WAITING, State.UNDO_WAITING) else "",
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
            unknown = gettext("a deleted user") if value else gettext("nobody")
            parts.append(gettext("Assigned to: %(value)s") % {"value": person.person_name if person else unknown})
        elif name == "deleted":
            parts.append(gettext("Deleted"))
        elif name == "lost_reason":
            parts.append(f"“{value}”")
        elif name == "status":
            parts.append(gettext("Status: %(label)s") % {"label": inside(Lead.Status(value).label)})
        else:
            parts.append(gettext("Type: %(label)s") % {"label": inside(Lead.Type(value).label)})
    return ", ".join(parts)


def describe_counts(change: BulkChange) -> str:
    """For example: 12 leads: 10 changed, 2 not changed."""
    words = ngettext("%(changed)s changed", "%(changed)s changed", change.changed)
    parts = [words % {"changed": number(change.changed)}] if change.changed else []
    parts += [
        gettext("%(count)s not, %(words)s") % {"count": number(count), "words": words}
        for words, count in kept_words(change)
    ]
    return counted(change.total) + (f": {'; '.join(parts)}" if parts else "")


def meaning(change: BulkChange) -> str:
    """What the state of the change means, and the next step."""
    match change.state:
        case State.FINISHED:
            return f"{describe_counts(change)}."
        case State.CANCELLED:
            return gettext(
                "Cancelled. %(describe_counts)s. The others were not touched; “Continue” processes them."
            ) % {"describe_counts": describe_counts(change)}
        case State.FAILED:
            return f"{shown(change.error)} {describe_counts(change)}."
        case State.UNDONE:
            values = {"leads": counted(change.restored), "remaining": number(change.remaining)}
            if not change.remaining:
                return gettext("Undone: %(leads)s given back.") % values
            return (
                gettext(
                    "Undone: %(leads)s given back; %(remaining)s were changed by somebody since and stay as they are."
                )
                % values
            )
    return ""
