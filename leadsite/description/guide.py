"""The text before the operations: guide.md, with the numbers and tables of the code."""

from datetime import timedelta
from pathlib import Path
from string import Template
from typing import Final

from django.conf import settings

from conversations.models import NAME_MAX_LENGTH
from conversations.search.queries import MAX_WORDS, TERM_MAX_LENGTH
from leads.api.batch import BATCH_LIMIT
from leads.models import DETAILS_MAX_LENGTH, EXTERNAL_ID_MAX_LENGTH, LOST_REASON_MAX_LENGTH
from leads.services.status_order import TRANSITIONS
from leadsite.accounts.defaults import REQUESTS_PER_MINUTE
from leadsite.description.webhooks import EVENTS
from leadsite.rest.error_codes import ERROR_CODES
from leadsite.rest.idempotency import KEPT
from leadsite.rest.pagination import NewestFirst
from leadsite.webhooks.pruning import KEEP_FAILED_DAYS
from leadsite.webhooks.queue import DISABLED_AFTER, RETRY_DELAYS
from leadsite.webhooks.services import MAX_ENDPOINTS
from whatsapp.outbound.providers import twilio
from whatsapp.outbound.refusals import TEXT_MAX_LENGTH

_GUIDE: Final = Path(__file__).with_name("guide.md")


def guide() -> str:
    """The text in Markdown. Raises KeyError for a name in guide.md that has no value here."""
    numbers = {
        "batch": BATCH_LIMIT,
        "body_bytes": settings.API_MAX_BODY_BYTES,
        "file_body_bytes": settings.API_MAX_FILE_BODY_BYTES,
        "details": DETAILS_MAX_LENGTH,
        "disabled_days": DISABLED_AFTER.days,
        "endpoints": MAX_ENDPOINTS,
        "external_id": EXTERNAL_ID_MAX_LENGTH,
        "failed_days": KEEP_FAILED_DAYS,
        "idempotency_days": KEPT.days,
        "lost_reason": LOST_REASON_MAX_LENGTH,
        "max_page_size": NewestFirst.max_page_size,
        "name": NAME_MAX_LENGTH,
        "page_size": NewestFirst.page_size,
        "requests_per_minute": REQUESTS_PER_MINUTE,
        "term": TERM_MAX_LENGTH,
        "text": TEXT_MAX_LENGTH,
        "twilio_text": twilio.TEXT_MAX_LENGTH,
        "words": MAX_WORDS,
    }
    texts = {
        "codes": "\n".join(f"| {one.status} | `{code}` | {one.meaning} |" for code, one in ERROR_CODES.items()),
        "events": "\n".join(f"| `{name}` | {when} | {data.lower()} |" for name, (data, when) in EVENTS.items()),
        "retries": ", ".join(_pause(seconds) for seconds in RETRY_DELAYS),
        "transitions": "\n".join(
            f"| `{status}` | {', '.join(f'`{next_one}`' for next_one in allowed)} |"
            for status, allowed in TRANSITIONS.items()
        ),
    }
    counted = {name: f"{number:,}" for name, number in numbers.items()}
    return Template(_GUIDE.read_text(encoding="utf-8")).substitute(counted | texts).rstrip("\n")


def _pause(seconds: int) -> str:
    minutes = int(timedelta(seconds=seconds) / timedelta(minutes=1))
    if minutes < 1:
        return f"{seconds} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"
