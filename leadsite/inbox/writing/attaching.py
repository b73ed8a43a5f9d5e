"""The file that a person sends with an answer, or as the header of a template."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from django.http import HttpRequest

from leadsite.inbox.access import Viewer
from leadsite.inbox.writing.chooser import FILE_INPUT, Chooser
from whatsapp.media.attachments import Attachment, attached
from whatsapp.message_templates.headers import problem_of_kind
from whatsapp.outbound.refusals import MessageRefused

FIELD = "file"


@contextmanager
def given_file(request: HttpRequest, viewer: Viewer, text: str) -> Iterator[Attachment | None]:
    """Yield the stored file of a form, or None; where the block raises, it is deleted. Raises MessageRefused."""
    with _stored(request, viewer, FIELD, text) as media:
        yield media


@contextmanager
def given_header(request: HttpRequest, viewer: Viewer, chooser: Chooser) -> Iterator[Attachment | None]:
    """Yield the stored file that was chosen as the header of a template, or None; the same. Raises MessageRefused."""
    if not chooser.has_file:
        yield None
        return
    with _stored(request, viewer, FILE_INPUT, "") as media:
        if media and (problem := problem_of_kind(chooser.file_kind, media.kind)):
            raise MessageRefused(problem, field="template")
        yield media


@contextmanager
def _stored(request: HttpRequest, viewer: Viewer, name: str, caption: str) -> Iterator[Attachment | None]:
    given = request.FILES.get(name)
    if given is None or isinstance(given, list):
        yield None
        return
    content = cast(BinaryIO, given.file)
    with attached(user_id=viewer.business_id, content=content, filename=given.name or "", caption=caption) as media:
        yield media
