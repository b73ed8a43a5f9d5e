"""The pages of staff in a pseudo-language: what a person reads is marked, and comes from the catalogue."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4
from zoneinfo import available_timezones

from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver

from conversations.models import Conversation
from leads.models import Lead
from leadsite.urls import urlpatterns
from tests.factories import Business
from tests.leadsite.admin_paths import VARIABLE, routes
from tests.leadsite.languages.pseudo import PSEUDO, unmarked, use
from tests.leadsite.two_businesses import rows_of
from tests.staff import operator, staff_of

# Names, numbers, codes and what customers and programs have written: they are in no language of a page.
_CODES: Final = (
    *("lead.created", "Lead.created", "create_business", "read, write, send", "contacted qualified converted lost"),
    *(
        "leadsite",
        "WhatsApp",
        "Twilio",
        "SQL",
        "API",
        "CSV",
        "URL",
        "JSON",
        "Windows",
        "Unicode",
        "UTC",
        "Excel (.xlsx)",
    ),
    *("Business staff", "Latin-1", "DE", "Id", "id", "security", "text", "de", "pseudo"),
)
_NAMES: Final = sorted({*_CODES, *available_timezones(), *(str(name) for _, name in settings.LANGUAGES)}, key=len)
_SAID: Final = re.compile(
    r"[\w.+-]+@[\w.-]+|https?://\S+|xxx+…?|\d{4}-\d\d-\d\d|[0-9a-f]{8}-[0-9a-f-]{27}|ls_[0-9a-f]+|§+|\{.*\}"
    r"|[^|\n]* \([A-Za-z]{2}\)|/?reply\d|(?<!\w)(?:" + "|".join(map(re.escape, reversed(_NAMES))) + r")(?!\w)"
)


def _added(patterns: Any, prefix: str = "") -> Iterator[str]:
    for item in patterns:
        pattern = prefix + str(item.pattern)
        if isinstance(item, URLPattern) and pattern.startswith("admin/"):
            yield pattern
        elif isinstance(item, URLResolver) and item.app_name != "admin":
            yield from _added(item.url_patterns, pattern)


def _paths(owner: Business) -> list[str]:
    rows = rows_of(owner, "§§§§")
    ids = {"conversation_id": str(rows.of[Conversation].pk), "lead_id": str(rows.of[Lead].pk), "kind": "lead"}
    ids |= dict.fromkeys(("note_id", "export_id", "media_id"), str(uuid4()))
    added = [VARIABLE.sub(lambda found: ids[found[1]], f"/{pattern}") for pattern in _added(urlpatterns)]
    return [path for path in (*(route.path(rows.of) for route in routes()), *added) if "logout" not in path]


def _english(client: Client, paths: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in paths:
        page = client.get(path, HTTP_ACCEPT_LANGUAGE=PSEUDO)
        if page.headers.get("Content-Type", "").startswith("text/html") and not page.streaming:
            found |= dict.fromkeys(unmarked(page.content.decode(), _SAID), path)
    return found


def test_pages_have_no_words_but_those_of_the_catalogue(owner: Business, settings: Any, tmp_path: Path):
    paths = _paths(owner)
    use(settings, tmp_path, PSEUDO)
    for client in (staff_of(owner).client, operator().client, Client()):
        assert _english(client, paths) == {}
