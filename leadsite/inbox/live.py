"""Answers an open inbox, or board, that asks what has changed; Note [Known sessions].

Each open page asks every few seconds. Reading session, person, membership and permissions each time costs several times
what the question costs. So a process remembers for a minute whose a session is and in which business. The answer
has counts and digests only; a page that then reads what has changed is authenticated as usual. A
person who is removed, or logged out elsewhere, can learn for that long that something has changed, and nothing else.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.views.decorators.http import require_GET

from leadsite.adminkit.values import read_uuid
from leadsite.core.clock import uptime
from leadsite.inbox.access import Viewer, viewer_of
from leadsite.inbox.parameters import read_number, read_time, tab_of
from leadsite.inbox.versions import InView, read_version
from leadsite.inbox.work.board_version import read_board_version
from leadsite.inbox.work.filters import filters_of

PATH: Final = "/admin/inbox/live/"
SECONDS: Final = 60.0
MOST: Final = 2000


class Known(NamedTuple):
    viewer: Viewer
    until: float


@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """What has changed, for somebody whose session is read."""
    viewer = viewer_of(request)
    request.inbox_viewer = viewer  # type: ignore[attr-defined] # read by LiveInbox
    return answer(request, viewer)


def answer(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """Return the version of the inbox, or of the board, as JSON; 304 where the browser has it."""
    body = {"board": read_board_version(viewer)} if "board" in request.GET else _inbox(request, viewer)
    etag = f'"{hashlib.blake2b(json.dumps(body).encode(), digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified(headers=headers)
    return JsonResponse(body, headers=headers)


def _inbox(request: HttpRequest, viewer: Viewer) -> dict[str, Any]:
    chat = read_uuid(request.GET.get("chat", ""))
    rows = read_number(request.GET.get("rows", ""))
    filters = filters_of(request)
    oldest, read_at = read_uuid(request.GET.get("oldest", "")), read_time(request.GET.get("read_at", ""))
    return read_version(
        viewer,
        tab=tab_of(request),
        conversation_id=chat,
        filters=filters,
        rows_in_view=rows,
        in_view=InView(oldest, read_at) if oldest and read_at else None,
    )._asdict()


class LiveInbox:
    """Middleware before those that read sessions. Sessions that are not known, and all other requests, go on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._known: OrderedDict[str, Known] = OrderedDict()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path != PATH or request.method != "GET":
            return self.get_response(request)
        session = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        known = self._known.get(session)
        # The page says of which business it is: the session may have been switched to another.
        wanted = request.GET.get("business", "")
        if known and known.until > uptime() and str(known.viewer.business_id) == wanted:
            return answer(request, known.viewer)
        self._known.pop(session, None)
        response = self.get_response(request)
        viewer: Viewer | None = getattr(request, "inbox_viewer", None)
        if viewer and session:
            self._known[session] = Known(viewer, uptime() + SECONDS)
            while len(self._known) > MOST:
                self._known.pop(next(iter(self._known)), None)
        return response
