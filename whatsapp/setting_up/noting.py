"""Notes verification requests for the page that connects a number.

Anybody can send one, so each process writes the same note at most once in SECONDS, and no answer depends on it.
"""

from typing import Final

import structlog

from leadsite.core.clock import uptime
from whatsapp.models import WebhookVerification

log = structlog.get_logger(__name__)

SECONDS: Final = 10.0
_noted: Final[dict[str, float]] = {}


def note_verification(outcome: str) -> None:
    """Note that Meta, or somebody, has sent a verification request. Never raises."""
    now = uptime()
    if _noted.get(outcome, -SECONDS) + SECONDS > now:
        return
    _noted[outcome] = now
    try:
        WebhookVerification.objects.note(outcome)
    except Exception as error:
        log.warning("verification_not_noted", error=type(error).__name__)
