"""The file that a person sends with an answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from django.http import HttpRequest

from leadsite.inbox.access import Viewer
from whatsapp.media.attachments import Attachment, attached

FIELD = "file"


@contextmanager
def given_file(request: HttpRequest, viewer: Viewer, text: str) -> Iterator[Attachment | None]:
    """Yield the stored file of a form, or None; where the block raises, it is deleted. Raises MessageRefused."""
    given = request.FILES.get(FIELD)
    if given is None or isinstance(given, list):
        yield None
        return
    content = cast(BinaryIO, given.file)
    with attached(user_id=viewer.business_id, content=content, filename=given.name or "", caption=text) as media:
        yield media
