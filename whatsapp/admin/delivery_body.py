"""Formats the body of a delivery for display. It is untrusted: no content may break the page."""

import json
from typing import Final
from urllib.parse import parse_qsl

from whatsapp.models import Channel

MAX_LENGTH: Final = 20_000


def readable(provider: str, body: bytes) -> tuple[str, int]:
    """Return the formatted text, cut at MAX_LENGTH characters, and the number of characters left out."""
    raw = body.decode(errors="backslashreplace")
    text = _form(raw) if provider == Channel.Provider.TWILIO else _json(raw)
    # JSON can contain a lone surrogate ("\\ud83d"), which cannot be encoded; a browser shows nothing for NUL.
    text = text.encode(errors="backslashreplace").decode().replace("\0", "\\0")
    return text[:MAX_LENGTH], max(0, len(text) - MAX_LENGTH)


def _json(raw: str) -> str:
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return raw


def _form(raw: str) -> str:
    try:
        pairs = parse_qsl(raw, keep_blank_values=True, strict_parsing=True, max_num_fields=1000)
    except ValueError:
        return raw
    return "\n".join(f"{name} = {value}" for name, value in pairs)
