"""Saved views: lists of the inbox that a person keeps by a name."""

from typing import Any, Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from leadsite.accounts.models import User
from leadsite.adminkit.values import read_uuid
from leadsite.inbox.access import Viewer, viewer_of
from leadsite.inbox.models import VIEW_NAME_MAX_LENGTH, SavedView
from leadsite.inbox.parameters import read_text, tab_of
from leadsite.inbox.work.filters import read_filters

MOST_VIEWS: Final = 30


def views_of(viewer: Viewer) -> list[dict[str, Any]]:
    """Return the person's views in this business, by name; one statement."""
    rows = SavedView.objects.filter(person_id=viewer.person_id, user_id=viewer.business_id).order_by("name")
    return [_shown(row) for row in rows[:MOST_VIEWS]]


def _shown(row: SavedView) -> dict[str, Any]:
    return {"view": row, "tab": row.filters.get("tab", "all"), "query": read_filters(row.filters).query}


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep the list as it is by a name, in place of the view of that name; or forget a view."""
    viewer = viewer_of(request)
    mine = SavedView.objects.filter(person_id=viewer.person_id, user_id=viewer.business_id)
    tab, filters = tab_of(request), read_filters(request.POST)
    if id_ := read_uuid(request.POST.get("forget", "")):
        mine.filter(pk=id_).delete()
    elif name := read_text(request.POST, "name")[:VIEW_NAME_MAX_LENGTH].strip():
        # Two windows that keep the same name: the second waits, and its list is the one that is kept.
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).get(pk=viewer.person_id)
            mine.filter(name__iexact=name).delete()
            if mine.count() < MOST_VIEWS:
                chosen = {"tab": tab} | filters.chosen
                SavedView.objects.create(
                    person_id=viewer.person_id, user_id=viewer.business_id, name=name, filters=chosen
                )
    return HttpResponseRedirect(f"{reverse('inbox', query={'tab': tab})}{filters.query}")
