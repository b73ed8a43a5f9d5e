"""The tables "The way of a phone number" in docs/architecture.md have the files that a number really goes through."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.manager import BaseManager

from tests.factories import Business
from tests.whatsapp import meta
from tests.whatsapp.inbox import Inbox

PHONE = "4915123456788"
OURS = ("conversations/", "leads/", "whatsapp/")


@contextmanager
def followed(text: str) -> Iterator[set[str]]:
    """Collect the files of our apps in which a function is given `text`, returns it or has it, alone or in a value."""
    found: set[str] = set()

    def look(frame: FrameType, event: str, value: Any) -> None:
        name = frame.f_code.co_filename.removeprefix(f"{settings.BASE_DIR}/")
        if event not in ("call", "return") or name in found or not name.startswith(OURS):
            return
        sys.setprofile(None)  # repr calls functions, too
        values = [*frame.f_locals.values(), value]
        if any(text in shown(one) for one in values):
            found.add(name)
        sys.setprofile(look)

    sys.setprofile(look)
    try:
        yield found
    finally:
        sys.setprofile(None)


def shown(value: Any) -> str:
    """What the value has; nothing of a queryset, which would be read."""
    try:
        return "" if isinstance(value, BaseManager | QuerySet) else repr(value)
    except (AttributeError, ValueError):  # an object whose __init__ has not run yet; a queryset in another value
        return ""


def documented(way: str) -> set[str]:
    text = Path(settings.BASE_DIR, "docs/architecture.md").read_text("utf-8")
    table = text.partition(f"\n**{way}**")[2].partition("\n|")[2].partition("\n\n")[0]
    return set(re.findall(r"`([\w/]+\.py)`", table))


def test_from_the_api(owner: Business) -> None:
    with followed(PHONE) as files:
        owner.post_lead(customer_phone=f"+{PHONE}")
    assert sorted(files) == sorted(documented("From POST /api/leads"))


def test_from_metas_webhook(owner: Business) -> None:
    inbox = Inbox(owner)
    with followed(PHONE) as files:
        inbox.gets(meta.text(from_=PHONE), contacts=[meta.contact(wa_id=PHONE)])
    assert sorted(files) == sorted(documented("From Meta's webhook"))
