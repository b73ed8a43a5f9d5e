"""Signed addresses of files, valid for a short time.

Of two kinds: those of pages, which in addition ask who is logged in; and those that programs get, which anybody may use
who has one, as the provider does that fetches what it is to send. A page's is the same for an hour: a page that is read
again would otherwise load each picture again.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_noop

from leadsite.core import clock

PAGE: Final = "page"
PROGRAM: Final = "program"
PROGRAM_LIFE: Final = timedelta(minutes=15)
PAGE_LIFE: Final = timedelta(hours=1)
_NAMES: Final = {PAGE: "media", PROGRAM: "api-file"}


class LinkInvalid(Exception):
    """The address was not made here, or its time is over; the message says which."""


def page_link(media_id: UUID, *, small: bool = False, download: bool = False) -> str:
    """The path of a file for a page: valid for one to two hours."""
    hour = int(PAGE_LIFE.total_seconds())
    until = (int(clock.now().timestamp()) // hour + 2) * hour
    more = {"download": "1"} if download else {}
    return reverse(_NAMES[PAGE], args=[media_id], query=_query(PAGE, media_id, until, small) | more)


def program_link(media_id: UUID, *, small: bool = False, life: timedelta = PROGRAM_LIFE, site: str = "") -> str:
    """The address of a file for a program. `site`: scheme and host, where PUBLIC_URL is not set."""
    until = int((clock.now() + life).timestamp())
    path = reverse(_NAMES[PROGRAM], args=[media_id], query=_query(PROGRAM, media_id, until, small))
    return f"{settings.PUBLIC_URL or site}{path}"


def check_link(purpose: str, media_id: UUID, *, until: str, size: str, signature: str) -> None:
    """Raises LinkInvalid."""
    if not (until.isascii() and until.isdigit() and len(until) < 13):
        raise LinkInvalid(gettext_noop("The address of this file is incomplete."))
    expected = _signatures(purpose, media_id, int(until), size)
    if not any(constant_time_compare(one, signature) for one in expected):
        raise LinkInvalid(gettext_noop("The address of this file is not one of this site's."))
    if int(until) < clock.now().timestamp():
        raise LinkInvalid(
            gettext_noop("The address of this file has expired. Load the page, or read the message, again.")
        )


def _query(purpose: str, media_id: UUID, until: int, small: bool) -> dict[str, str]:
    size = "small" if small else ""
    signature = _signatures(purpose, media_id, until, size)[0]
    return {"until": str(until)} | ({"size": size} if size else {}) | {"signature": signature}


def _signatures(purpose: str, media_id: UUID, until: int, size: str) -> list[str]:
    """With the secret of now, and those of before."""
    text = f"{purpose} {media_id} {until} {size}"
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [salted_hmac("conversations.media", text, one, algorithm="sha256").hexdigest()[:43] for one in secrets]
