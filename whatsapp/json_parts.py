"""Safe access to the parts of a delivery. Each part has its path, so that error messages can name it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from conversations.phone import mask_phone

LINES_LISTED: Final = 50
LINE_MAX_LENGTH: Final = 300

# WhatsApp was founded in 2009: no message is older.
_EARLIEST: Final = datetime(2009, 1, 1, tzinfo=UTC).timestamp()
_SECONDS: Final = re.compile(r"[0-9]{1,12}")
_PHONE_LIKE: Final = re.compile(r"\+?[0-9](?:[ ().-]*[0-9]){6,}")


# How far a provider's clock may be ahead.
_CLOCK_SKEW: Final = timedelta(minutes=5).total_seconds()
# Lists whose items are not events: an invalid item there rejects no event.
_BESIDE_THE_ITEMS: Final = frozenset(("contacts", "errors"))


@dataclass(slots=True)
class BoundedLines:
    """At most LINES_LISTED lines of at most LINE_MAX_LENGTH characters; further ones are only counted."""

    _lines: list[str] = field(default_factory=list)
    _left_out: int = 0

    def add(self, line: str) -> None:
        if len(self._lines) == LINES_LISTED:
            self._left_out += 1
        else:
            self._lines.append(line if len(line) <= LINE_MAX_LENGTH else line[: LINE_MAX_LENGTH - 1] + "…")

    def all(self) -> list[str]:
        return [*self._lines, f"and {self._left_out} more"] if self._left_out else self._lines


@dataclass(frozen=True, slots=True)
class Report:
    """Lines for staff, as in events.Reading. They hold no text of messages and no complete phone number."""

    rejected: BoundedLines = field(default_factory=BoundedLines)
    notes: BoundedLines = field(default_factory=BoundedLines)


@dataclass(slots=True)
class Part:
    """A JSON object of a delivery and its path. Access to a key never raises, whatever the types are."""

    data: dict[str, Any]
    where: str
    report: Report

    def note(self, reason: str) -> None:
        """Report that a detail of this object was invalid and left out."""
        self.report.notes.add(self._line(reason))

    def reject(self, reason: str) -> None:
        """Report that this object should have become an event and did not."""
        self.report.rejected.add(self._line(reason))

    def text(self, key: str) -> str:
        return text_of(self.data.get(key))

    def child(self, key: str) -> "Part":
        """Return the object under a key; an empty one where there is none."""
        return Part(object_of(self.data.get(key)), self._below(key), self.report)

    def children(self, key: str) -> Iterator["Part"]:
        """Yield the objects of the list under a key; a single object counts as a list of one. Others are reported."""
        found = self.data.get(key)
        where = self._below(key)
        lines = self.report.notes if key in _BESIDE_THE_ITEMS else self.report.rejected
        if isinstance(found, dict):
            yield Part(found, where, self.report)
        elif isinstance(found, list):
            for index, item in enumerate(found):
                if isinstance(item, dict):
                    yield Part(item, f"{where}[{index}]", self.report)
                else:
                    lines.add(f"{where}[{index}]: is not an object")
        elif found is not None:
            lines.add(f"{where}: is not a list")

    def moment(self, key: str, received_at: datetime) -> datetime | None:
        """Return Unix seconds (text or number) as a time; None, with a note, where they are missing or invalid."""
        found = self.data.get(key)
        if isinstance(found, float) and found.is_integer() and abs(found) < 1e12:
            found = int(found)
        digits = text_of(found).strip()
        if _SECONDS.fullmatch(digits):
            seconds = int(digits)
            if _EARLIEST <= seconds <= received_at.timestamp() + _CLOCK_SKEW:
                return _moment(seconds)
        reason = f"{key} is missing" if found is None else f"its {key} is not plausible"
        self.note(f"{reason}; the time of arrival is used")
        return None

    def _line(self, reason: str) -> str:
        return f"{self.where}: {reason}" if self.where else reason

    def _below(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key


@lru_cache(maxsize=1000)
def _moment(seconds: int) -> datetime:
    """One object for a second: `array` writes what repeats once, and a time is in eight columns."""
    return datetime.fromtimestamp(seconds, UTC)


def text_of(found: Any) -> str:
    """Return a text, or an integer as its text (ids come as either); anything else is ''."""
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else ""


def object_of(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def objects_of(found: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; a single object counts as a list of one."""
    if isinstance(found, dict):
        return [found]
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def without_phones(text: str) -> str:
    return _PHONE_LIKE.sub(lambda match: mask_phone(match[0]), text)


def error_text(error: dict[str, Any]) -> str:
    """Return one of Meta's errors as "<title> — <details>", as far as it has them (Meta, Error codes)."""
    title = text_of(error.get("title")) or text_of(error.get("message"))
    details = error_details(error)
    return " — ".join(dict.fromkeys(part for part in (title, details) if part))


def error_details(error: dict[str, Any]) -> str:
    """Return the details of an error; old webhook versions have them next to the title."""
    return text_of(object_of(error.get("error_data")).get("details")) or text_of(error.get("details"))
