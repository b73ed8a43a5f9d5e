"""The pages of staff in a pseudo-language: what a person reads is marked, and comes from the catalogue."""

import re
from pathlib import Path
from typing import Any, Final
from zoneinfo import available_timezones

from django.conf import settings
from django.test import Client

from tests.factories import Business
from tests.leadsite.admin_paths import all_paths
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


def _paths(owner: Business) -> list[str]:
    return [path for path in all_paths(rows_of(owner, "§§§§").of) if "logout" not in path]


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
