"""The pipeline board: a column of leads for each status, and moving a lead to another one."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from conversations.models import Label
from conversations.services.labels import chosen_of, labels_of
from leads.models import OPEN_STATUSES, Lead
from leads.services.status_order import TRANSITIONS
from leadsite.adminkit.values import day, shorten
from leadsite.core import clock
from leadsite.core.postgresql import replica
from leadsite.core.postgresql.replica import read_from_replica
from leadsite.core.statements import fetch_rows
from leadsite.inbox.access import Viewer, viewer_of, writer_of
from leadsite.inbox.changes import BY_SCRIPT, STATUS
from leadsite.inbox.chats import Cursor, read_cursor
from leadsite.inbox.times import moment_words
from leadsite.inbox.work.leads import move_lead

PAGE: Final = 20
# How far the leads of a column are counted: by the index, also of a business with a million. Without ORDER BY
# PostgreSQL expects as many of each status, and reads the whole table for one that few have.
COUNT_LIMIT: Final = 999
_COUNTS: Final = f"""
    SELECT given.status, (SELECT count(*) FROM (
        SELECT FROM leads WHERE user_id = %s AND status = given.status AND deleted_at IS NULL
        ORDER BY created_at, id LIMIT {COUNT_LIMIT + 1}) AS few)
    FROM unnest(%s::text[]) AS given (status)
"""  # noqa: S608 - constant text


@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """The page."""
    viewer = _reader(request)
    its_columns = read_from_replica(partial(board_context, viewer), user_id=viewer.business_id)
    context = admin.site.each_context(request) | its_columns | {"title": gettext("Board"), "is_fullwidth": "1"}
    return TemplateResponse(request, "inbox/board.html", context)


@require_GET
def columns(request: HttpRequest) -> HttpResponse:
    """The columns, for an open board that reads them again."""
    return TemplateResponse(request, "inbox/board_columns.html", board_context(_reader(request)))


@require_GET
def column(request: HttpRequest) -> HttpResponse:
    """The next cards of a column, after the place `after`."""
    viewer = _reader(request)
    status = request.GET.get("status", "")
    if status not in TRANSITIONS:
        raise Http404("There is no such column.")
    labels = labels_of(viewer.business_id)
    read = partial(read_column, viewer, status, labels, after=read_cursor(request.GET.get("after", "")))
    context = read_from_replica(read, user_id=viewer.business_id)
    return TemplateResponse(request, "inbox/board_cards.html", {"column": context, "may_write": _may_move(viewer)})


@require_POST
def move(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Move a lead to another status, if that may follow; answers with the board as it is then."""
    viewer = writer_of(request)
    status, problem = move_lead(viewer, lead_id, request.POST)
    if BY_SCRIPT not in request.headers and status == 200:
        return HttpResponseRedirect(reverse("inbox-board"))
    context = board_context(viewer) | {"problem": problem}
    if BY_SCRIPT in request.headers:
        return TemplateResponse(request, "inbox/board_columns.html", context, headers={STATUS: str(status)})
    context |= admin.site.each_context(request) | {"title": gettext("Board"), "is_fullwidth": "1"}
    return TemplateResponse(request, "inbox/board.html", context, status=status)


def board_context(viewer: Viewer) -> dict[str, Any]:
    """The context of inbox/board_columns.html; a statement for each column, one for the counts, one for the labels."""
    counts = dict(fetch_rows(_COUNTS, [viewer.business_id, list(TRANSITIONS)], using=replica.alias()))
    labels = labels_of(viewer.business_id)
    read = [read_column(viewer, status, labels) for status in TRANSITIONS]
    for one in read:
        count = counts[one["status"]]
        one["count"] = f"{COUNT_LIMIT}+" if count > COUNT_LIMIT else str(count)
    return {"columns": read, "may_write": _may_move(viewer), "business_id": viewer.business_id}


def read_column(
    viewer: Viewer, status: str, labels: Mapping[UUID, Label], *, after: Cursor | None = None
) -> dict[str, Any]:
    """Return a page of a column, the newest lead first; one statement. `labels`: those of the business."""
    leads = Lead.objects.filter(user_id=viewer.business_id, status=status)
    if after:
        leads = leads.filter(TupleLessThan(Tuple("created_at", "pk"), (after.at, after.id)))
    rows = list(
        leads.select_related("conversation__customer", "assigned_to").order_by("-created_at", "-pk")[: PAGE + 1]
    )
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return {
        "status": status,
        "label": Lead.Status(status).label,
        "cards": [_card(lead, labels) for lead in rows[:PAGE]],
        "next": str(Cursor(last.created_at, last.pk)) if last else "",
    }


def _card(lead: Lead, labels: Mapping[UUID, Label]) -> dict[str, Any]:
    return {
        "lead": lead,
        "customer": lead.conversation.customer,
        "labels": chosen_of(labels, lead.conversation.label_ids),
        "words": shorten(lead.details) or lead.get_type_display(),
        "steps": [(status, Lead.Status(status).label) for status in TRANSITIONS[lead.status]],
        "step_names": " ".join(TRANSITIONS[lead.status]),
        "created": day(lead.created_at),
        "follow_up": moment_words(lead.follow_up_at) if lead.follow_up_at else "",
        "is_due": lead.follow_up_at is not None and lead.follow_up_at <= clock.now() and lead.status in OPEN_STATUSES,
    }


def _reader(request: HttpRequest) -> Viewer:
    viewer = viewer_of(request)
    if not viewer.person.has_perm("leads.view_lead"):
        raise PermissionDenied
    return viewer


def _may_move(viewer: Viewer) -> bool:
    return viewer.may_write and viewer.person.has_perm("leads.change_lead")
