"""Tells texts that a person can see from texts of spaces and invisible characters."""

import re
from typing import Final

# Control characters, spaces, direction marks and joiners, fillers that Unicode counts as letters (Hangul, Khmer,
# Braille), variation selectors, tags. As SQL's lead_error has it: PostgreSQL reads the same escapes.
VISIBLE_PATTERN: Final = (
    r"[^\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_VISIBLE: Final = re.compile(VISIBLE_PATTERN)


def visible_text(text: str) -> str:
    """Return the text, or "" where it has no visible character."""
    return text if _VISIBLE.search(text) else ""
