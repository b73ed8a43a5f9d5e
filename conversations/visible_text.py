"""Tells texts that a person can see from texts of spaces and invisible characters."""

import unicodedata
from typing import Final

# Unicode categories of invisible characters, and three that Unicode counts as letters or symbols.
_INVISIBLE_CATEGORIES: Final = ("Cc", "Cf", "Zl", "Zp", "Zs")
_INVISIBLE: Final = "\u2800\u3164\uffa0"


def visible_text(text: str) -> str:
    """Return the text, or "" where it has no visible character."""
    visible = any(char not in _INVISIBLE and unicodedata.category(char) not in _INVISIBLE_CATEGORIES for char in text)
    return text if visible else ""
