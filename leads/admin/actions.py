"""Actions on the selected leads of the list, one or all that match: bulk changes (leads/bulk/)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.db import OperationalError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import ActionForm

from leads.admin.bulk_progress import ask, counted, kept_words, number_not_shown, read_reason
from leads.bulk import changes
from leads.bulk.chunks import process_at_once
from leads.bulk.outcomes import is_deletion
from leads.models import BulkChange, Lead, LeadStatus, LeadType
from leadsite.accounts.models import User
from leadsite.accounts.people.assigning import assignable
from leadsite.adminkit.page import any_size
from leadsite.adminkit.workplace import business_of, sees_all
from leadsite.core import clock
from leadsite.languages.texts import filled

# The page of a lead offers all.
COLLEAGUES: Final = 30
_COLLEAGUES_READ: Final = "_colleague_actions"  # the attribute of a request
Action = Callable[[Any, HttpRequest, QuerySet[Lead]], HttpResponse | None]


def _now() -> int:
    """Unix time in milliseconds."""
    return int(clock.now().timestamp() * 1000)


class LeadActionForm(ActionForm):
    """Also submits when the list was shown: "all that match" means those that the person has seen the number of."""

    shown_at = forms.CharField(label="", required=False, initial=_now, widget=forms.HiddenInput)


@any_size
@admin.action(description=_("Assign to me"), permissions=["change"])
def assign_to_me(page: Any, request: HttpRequest, leads: QuerySet[Lead]) -> HttpResponse | None:
    return _change(request, leads, assigned_to_id=request.user.pk)


@any_size
@admin.action(description=_("Assign to nobody"), permissions=["change"])
def assign_to_nobody(page: Any, request: HttpRequest, leads: QuerySet[Lead]) -> HttpResponse | None:
    return _change(request, leads, assigned_to_id=None)


def _setting(name: str, description: str, **values: str) -> Action:
    """An action that sets a field to a choice."""

    @any_size
    @admin.action(description=description, permissions=["change"])
    def action(page: Any, request: HttpRequest, leads: QuerySet[Lead]) -> HttpResponse | None:
        return _change(request, leads, **values)

    action.__name__ = name
    return action


@any_size
@admin.action(description=filled(_("Mark as %(label)s"), label=LeadStatus.LOST.label.lower()), permissions=["change"])
def mark_lost(page: Any, request: HttpRequest, leads: QuerySet[Lead]) -> HttpResponse | None:
    """With one reason for all, which is asked for. Leads that are lost already keep theirs."""
    reason = read_reason(request)
    if not reason:
        return ask(request, _name_of_action(request), asks_reason=True)
    return _change(request, leads, status=LeadStatus.LOST.value, lost_reason=reason)


@any_size
@admin.action(description=_("Delete"), permissions=["delete"])
def delete_selected(page: Any, request: HttpRequest, leads: QuerySet[Lead]) -> HttpResponse | None:
    """In place of Django's action of this name, which removes the rows. Without question, because it has an undo."""
    return _change(request, leads, deleted=True)


def _change(request: HttpRequest, leads: QuerySet[Lead], **values: Any) -> HttpResponse | None:
    """Change few leads at once, and say so; for many, go to the page with the progress."""
    person, leads = cast(User, request.user), _seen(request, leads)
    if (number := number_not_shown(request, leads)) is not None:
        return ask(request, _name_of_action(request), number=number)
    own = business_of(request)
    change = changes.start_bulk_change(person_id=person.pk, business_id=own, leads=leads, values=values)
    if not change.total:
        messages.warning(request, gettext("No lead matches any more: nothing was changed."))
        return None
    if change.total > changes.AT_ONCE:
        return to_page(change)
    try:
        process_at_once(change=change)
    except OperationalError:
        messages.warning(
            request, gettext("Somebody else is changing one of these leads. A worker continues within a minute.")
        )
        return to_page(change)
    if change.state == BulkChange.State.FAILED:
        return to_page(change)
    _report(request, change)
    return None


def _name_of_action(request: HttpRequest) -> str:
    labels = [str(one.short_description) for one in ACTIONS if one.__name__ == request.POST["action"]]
    return labels[0] if labels else gettext("Assign to a colleague")


def _report(request: HttpRequest, change: BulkChange) -> None:
    link = format_html('<a class="underline" href="{}">{}</a>', page_of(change), gettext("Details and undo"))
    if change.changed:
        done = gettext("Deleted") if is_deletion(change.values) else gettext("Changed")
        messages.success(request, format_html("{}: {}. {}", done, counted(change.changed), link))
    not_deleted, not_changed = (
        gettext("Not deleted, %(words)s: %(count)s."),
        gettext("Not changed, %(words)s: %(count)s."),
    )
    for words, count in kept_words(change):
        messages.warning(
            request,
            (not_deleted if is_deletion(change.values) else not_changed) % {"words": words, "count": counted(count)},
        )


def _seen(request: HttpRequest, leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """Without leads that have arrived since the list was shown. Ids and times, because either may be older than that:
    a lead keeps both from the system that it was imported from.
    """
    shown_at = request.POST.get("shown_at", "")
    if request.POST.get("select_across") != "1" or not re.fullmatch(r"[0-9]{1,13}", shown_at):
        return leads
    at = datetime.fromtimestamp(int(shown_at) / 1000, UTC)
    return leads.exclude(pk__gt=clock.last_id(at), created_at__gt=at)


def page_of(change: BulkChange) -> str:
    return reverse("admin:leads_bulkchange_change", args=[quote(change.pk)])


def to_page(change: BulkChange) -> HttpResponse:
    return HttpResponseRedirect(page_of(change))


def colleague_actions(request: HttpRequest) -> dict[str, Any]:
    """An action for each colleague in the business of the person; as ModelAdmin.get_actions returns them.

    A list asks for its actions three times: the colleagues are read once in a request. A list that is made only to say
    its filters in words (leadsite/exports/rows.py) offers nothing.
    """
    if getattr(request, "without_rows", False):
        return {}
    known: dict[str, Any] | None = vars(request).get(_COLLEAGUES_READ)
    if known is None:
        known = vars(request)[_COLLEAGUES_READ] = _colleague_actions(request)
    return known


def _colleague_actions(request: HttpRequest) -> dict[str, Any]:
    business_id = None if sees_all(request) else business_of(request)
    if business_id is None:
        return {}
    colleagues = assignable(business_id=business_id).exclude(pk=cast(User, request.user).pk)[:COLLEAGUES]
    actions = [_assigning(person) for person in colleagues]
    return {action.__name__: (action, action.__name__, action.short_description) for action in actions}


def _assigning(person: User) -> Any:
    # A list is shown with the percent signs of names doubled: Django formats descriptions.
    label = (gettext("Assign to %(name)s") % {"name": person.person_name}).replace("%", "%%")

    @any_size
    @admin.action(description=label, permissions=["change"])
    def action(page: Any, request: HttpRequest, leads: QuerySet[Lead]) -> HttpResponse | None:
        return _change(request, leads, assigned_to_id=person.pk)

    action.__name__ = f"assign_to_{person.pk.hex}"
    return action


ACTIONS: list[Any] = [
    assign_to_me,
    assign_to_nobody,
    *(
        _setting(f"mark_{status}", filled(_("Mark as %(label)s"), label=status.label.lower()), status=status.value)
        for status in LeadStatus
        if status != LeadStatus.LOST
    ),
    mark_lost,
    *(
        _setting(f"set_type_{kind}", filled(_("Set the type to %(label)s"), label=kind.label.lower()), type=kind.value)
        for kind in LeadType
    ),
    delete_selected,
]
