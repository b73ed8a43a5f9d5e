"""Describes a failed service, its error and its arguments, for people, without what a customer wrote.

Phone numbers are masked, and texts are replaced by their length, save short values of fields that have few of them,
such as a type. Ids stay: they lead to the rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

import psycopg
from django.db.models import Model

from leadsite.core.logs.masking import mask_numbers

# Fields whose text is shown where it is short. A wrong value of them is what caused the failure, most of the time.
SHOWN: Final = frozenset(
    {
        *("type", "status", "lead_status", "conversation_status", "source", "external_id", "kind", "direction"),
        *("provider", "state", "on_duplicate", "action", "event"),
    }
)
PHONES: Final = frozenset({"to", "address", "phone_key", "wa_id"})
SHOWN_CHARACTERS: Final = 40
# Of a masked number: the plus sign and the beginning of the country, which help to find the customer.
FIRST: Final = 2
ERROR_LENGTH: Final = 500
MAX_DEPTH: Final = 6
MAX_ITEMS: Final = 3


def sentence_of(error: BaseException) -> str:
    """What an error says, without values: those may be personal data. The messages of data exceptions quote them."""
    cause = error.__cause__ if isinstance(error.__cause__, psycopg.Error) else error
    if isinstance(cause, psycopg.Error):
        state = cause.sqlstate or ""
        quotes = state.startswith("22") or (not state and isinstance(cause, psycopg.DataError))
        sentence = "" if quotes else cause.diag.message_primary or str(cause).strip().partition("\n")[0]
        text = f"{type(cause).__name__}: {sentence}" if sentence else type(cause).__name__
    elif getattr(error, "sqlstate", None) is not None:
        text = str(error)
    else:
        text = type(error).__name__
    return mask_numbers(text, first=FIRST).replace("\0", "")[:ERROR_LENGTH]


def describe(value: Any, name: str = "", depth: int = 0) -> Any:
    """Return a value for JSON. `name` is that of its field."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, Decimal | UUID | datetime | timedelta):
        return str(value)
    if isinstance(value, int | str | bytes | bytearray | memoryview):
        return _scalar(value, name)
    if isinstance(value, Enum):
        return describe(value.value, name, depth)
    return "…" if depth >= MAX_DEPTH else _compound(value, name, depth + 1)


def _scalar(value: int | str | bytes | bytearray | memoryview, name: str) -> Any:
    if isinstance(value, int):
        return value if abs(value) < 10**6 else mask_numbers(str(value), first=FIRST)
    return _text(value, name) if isinstance(value, str) else f"{len(value)} bytes"


def _text(value: str, name: str) -> str:
    if name in PHONES or "phone" in name:
        return f"{value[:3]}…{value[-2:]}" if len(value) >= 8 else "…"
    if name in SHOWN and len(value) <= SHOWN_CHARACTERS:
        return mask_numbers(value, first=FIRST).replace("\0", "").encode(errors="replace").decode()
    return f"{len(value)} characters"


def _compound(value: Any, name: str, depth: int) -> Any:
    if isinstance(value, Model):
        return f"{type(value).__name__} {value.pk}"
    if is_dataclass(value) and not isinstance(value, type):
        return _fields({field.name: getattr(value, field.name) for field in fields(value)}, depth)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return _fields(value._asdict(), depth)
    if isinstance(value, Mapping):
        return _fields({key if str(key).isidentifier() else "…": part for key, part in value.items()}, depth)
    if isinstance(value, list | tuple | set | frozenset):
        return _list(value, name, depth)
    return type(value).__name__


def _fields(values: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    described = {
        mask_numbers(str(name)[:SHOWN_CHARACTERS], first=FIRST): (name, value) for name, value in values.items()
    }
    return {shown: describe(value, str(name), depth) for shown, (name, value) in described.items() if _says(value)}


def _says(value: Any) -> bool:
    return value is not None and not (isinstance(value, str | list | tuple | set | Mapping) and not value)


def _list(values: Iterable[Any], name: str, depth: int) -> list[Any]:
    parts = list(values)
    shown = [describe(part, name, depth) for part in parts[:MAX_ITEMS]]
    more = len(parts) - MAX_ITEMS
    return [*shown, f"and {more} more"] if more > 0 else shown
