"""The parts of a delivery as objects that know where they stand, so that any of them can say what is wrong with it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from conversations.identity import mask_phone

PROBLEMS_LISTED: Final = 50
PROBLEM_MAX_LENGTH: Final = 300

# WhatsApp was founded in 2009: nothing was written before.
_EARLIEST: Final = datetime(2009, 1, 1, tzinfo=UTC)
_SECONDS: Final = re.compile(r"[0-9]{1,12}")
_PHONE_LIKE: Final = re.compile(r"\+?[0-9](?:[ ().-]*[0-9]){6,}")


@dataclass(slots=True)
class Problems:
    """What could not be read, for staff: never a message's text, never a whole phone number."""

    _lines: list[str] = field(default_factory=list)
    _left_out: int = 0

    def add(self, line: str) -> None:
        if len(self._lines) == PROBLEMS_LISTED:
            self._left_out += 1
        else:
            self._lines.append(line if len(line) <= PROBLEM_MAX_LENGTH else line[: PROBLEM_MAX_LENGTH - 1] + "…")

    def lines(self) -> list[str]:
        return [*self._lines, f"and {self._left_out} more"] if self._left_out else self._lines


@dataclass(frozen=True, slots=True)
class Part:
    """A JSON object of a delivery. Whatever type stands where, asking for a key never raises."""

    data: dict[str, Any]
    where: str
    problems: Problems

    def problem(self, reason: str) -> None:
        self.problems.add(f"{self.where}: {reason}" if self.where else reason)

    def text(self, key: str) -> str:
        return text_of(self.data.get(key))

    def child(self, key: str) -> "Part":
        """Return the object under a key; an empty one where there is none."""
        return Part(object_of(self.data.get(key)), self._below(key), self.problems)

    def children(self, key: str) -> Iterator["Part"]:
        """Yield the objects of the list under a key; one object alone is a list of one. All else is a problem."""
        found = self.data.get(key)
        where = self._below(key)
        if isinstance(found, dict):
            yield Part(found, where, self.problems)
        elif isinstance(found, list):
            for index, item in enumerate(found):
                if isinstance(item, dict):
                    yield Part(item, f"{where}[{index}]", self.problems)
                else:
                    self.problems.add(f"{where}[{index}]: is not an object")
        elif found is not None:
            self.problems.add(f"{where}: is not a list")

    def moment(self, key: str, received_at: datetime) -> datetime | None:
        """Return Unix seconds, given as text or number, as a time; None and a problem where they are none."""
        found = self.data.get(key)
        if isinstance(found, float) and found.is_integer() and abs(found) < 1e12:
            found = int(found)
        digits = text_of(found).strip()
        if _SECONDS.fullmatch(digits):
            seconds = int(digits)
            if _EARLIEST.timestamp() <= seconds <= (received_at + timedelta(days=1)).timestamp():
                return datetime.fromtimestamp(seconds, UTC)
        reason = "is missing" if found is None else "is no time from 2009 until now; left out"
        self.problem(f"{key} {reason}")
        return None

    def _below(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key


def text_of(found: Any) -> str:
    """Return a text, or an integer as its text (ids come as either); anything else is ''."""
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else ""


def object_of(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def objects_of(found: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; one object alone counts as a list of one."""
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
    """Return the details of an error; old webhook versions have them beside the title."""
    return text_of(object_of(error.get("error_data")).get("details")) or text_of(error.get("details"))
