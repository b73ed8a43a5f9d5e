"""Serves the bytes of files: to people of the business on their pages, and to whoever has an address for programs."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe
from rest_framework.request import Request

from conversations.media.files import FileMissing, StorageAway, open_file
from conversations.media.links import PAGE, PROGRAM, LinkInvalid, check_link
from conversations.media.ranges import RangeInvalid, read_range
from conversations.media.shown import file_name, plays_here
from conversations.media.sniffing import HEAD_BYTES, OTHER, type_of
from conversations.models import StoredMedia
from leadsite.adminkit import content_policy
from leadsite.adminkit.error_pages import error_page
from leadsite.adminkit.workplace import rows_of_business
from leadsite.languages.texts import shown
from leadsite.rest.public import public_view

# Whatever a browser takes the content for: it runs nothing, and belongs to no site.
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
_PIECE: Final = 64 * 1024
# Where the storage does not answer.
_LATER: Final = {"Retry-After": "5"}


@require_safe
def staff_file(request: HttpRequest, media_id: UUID) -> HttpResponseBase:
    """A file of the person's business, on a page."""
    try:
        _check(PAGE, request, media_id)
    except LinkInvalid as error:
        return error_page(403, sentence=shown(error))
    if not request.user.has_perm("conversations.view_message"):
        raise PermissionDenied
    media = _stored().filter(pk=media_id)
    try:
        return _answer(request, rows_of_business(request, media).first(), cache="private, max-age=3600")
    except StorageAway as error:
        return error_page(503, sentence=shown(error), headers=_LATER)


@public_view
def program_file(request: Request, media_id: UUID) -> HttpResponseBase:
    """A file, for whoever has its address."""
    try:
        _check(PROGRAM, request._request, media_id)
    except LinkInvalid as error:
        body = {"success": False, "error": str(error), "code": "forbidden", "fields": {}}
        return JsonResponse(body, status=403)
    try:
        return _answer(request._request, _stored().filter(pk=media_id).first(), cache="private, no-store")
    except StorageAway as error:
        body = {"success": False, "error": str(error), "code": "too_busy", "fields": {}}
        return JsonResponse(body, status=503, headers=_LATER)


# Cacheable: what it answers says itself for how long.
staff_view: Final = admin.site.admin_view(staff_file, cacheable=True)


def _check(purpose: str, request: HttpRequest, media_id: UUID) -> None:
    values = {name: request.GET.get(name, "") for name in ("until", "size", "signature")}
    check_link(purpose, media_id, **values)


def _stored() -> QuerySet[StoredMedia]:
    """Files that are stored, of messages that are not deleted."""
    visible = StoredMedia.objects.filter(state=StoredMedia.State.STORED, message__conversation__deleted_at=None)
    return visible.exclude(message=None).select_related("message")


def _answer(request: HttpRequest, media: StoredMedia | None, *, cache: str) -> HttpResponseBase:
    """Raises Http404, StorageAway."""
    small = request.GET.get("size") == "small"
    name = (media.thumbnail_name if small else media.name) if media else ""
    if media is None or not name:
        raise Http404("There is no such file.")
    try:
        file = open_file(name)
    except FileMissing as error:
        raise Http404(str(error)) from error
    mime = _type_of_small(file) if small else media.mime_found
    inline = plays_here(mime) and "download" not in request.GET
    headers = {
        "Content-Type": mime if plays_here(mime) else OTHER,
        "Content-Disposition": content_disposition_header(not inline, file_name(media)) or "attachment",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-site",
        "Cache-Control": cache,
        "Accept-Ranges": "bytes",
        content_policy.HEADER: POLICY,
    }
    return _part(request, file, file.size, headers)


def _type_of_small(file: File[bytes]) -> str:
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return type_of(head)


def _part(request: HttpRequest, file: File[bytes], size: int, headers: dict[str, str]) -> HttpResponseBase:
    """The file, or the part that a player asks for (RFC 9110, section 14)."""
    try:
        part = read_range(request.headers.get("Range", ""), size)
    except RangeInvalid:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    first, last = part or (0, size - 1)
    if part:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    headers["Content-Length"] = str(last - first + 1)
    if request.method == "HEAD":
        file.close()
        return HttpResponse(status=206 if part else 200, headers=headers)
    return StreamingHttpResponse(_Pieces(file, first, last), status=206 if part else 200, headers=headers)


class _Pieces:
    """The bytes of a file from one to another; `close` closes it, also where nothing was read."""

    def __init__(self, file: File[bytes], first: int, last: int) -> None:
        self._file, self._left = file, last - first + 1
        file.seek(first)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = self._file.read(min(_PIECE, self._left)) if self._left > 0 else b""
        if not piece:
            raise StopIteration
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        self._file.close()
