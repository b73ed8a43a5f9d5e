"""Ids of requests: taken from X-Request-ID where it is a sane one, so that one id leads through all systems."""

import re
import uuid
from typing import Final

import structlog

HEADER: Final = "X-Request-ID"
# What UUIDs, ULIDs, base64 and the trace ids of proxies consist of; nothing that a log or a shell would interpret.
_SANE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:=+/-]{0,127}")


def request_id_of(header: str | None) -> str:
    """Return the id in the header, or a new one where there is none, or one too long or with other characters."""
    return header if header and _SANE.fullmatch(header) else str(uuid.uuid4())


def current_request_id() -> str:
    """Return the id of the request that is being answered; "" where there is none."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))
