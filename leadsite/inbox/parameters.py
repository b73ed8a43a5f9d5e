"""Reads the query parameters and form fields of the inbox; invalid values count as missing."""

from datetime import datetime
from typing import Final

from django.http import HttpRequest, QueryDict
from django.utils.dateparse import parse_datetime

from leadsite.inbox.work.tabs import TABS

FIRST: Final = "waiting"


def tab_of(request: HttpRequest) -> str:
    tab = request.GET.get("tab") or request.POST.get("tab") or FIRST
    return tab if tab in TABS else FIRST


def read_text(form: QueryDict, name: str) -> str:
    """Return a field without what the database refuses. A browser sends line ends as \\r\\n."""
    return form.get(name, "").replace("\0", "").replace("\r\n", "\n").strip()


def read_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


def read_time(text: str) -> datetime | None:
    """Return a time with its zone."""
    try:
        time = parse_datetime(text)
    except ValueError:
        return None
    return time if time and time.tzinfo else None
