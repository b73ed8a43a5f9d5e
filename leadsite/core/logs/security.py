"""Security events: who was refused what. docs/operations.md, "Security events", lists their names."""

import logging
from typing import Any

import structlog

log = structlog.get_logger(__name__)


def log_security_event(name: str, *, client: str, subject: str, level: int = logging.WARNING, **more: Any) -> None:
    """Log one. `client` is the address; `subject` is whom or what it is about, never a secret: shortened or an id."""
    log.log(level, name, security=True, client=client, subject=subject[:200], **more)


def shortened_key(key: str) -> str:
    """Return enough of an API key to find it in the admin, and nothing of what was sent in its place."""
    return f"{key[:7]}…" if key.startswith("ls_") and len(key) > 20 else "…"
