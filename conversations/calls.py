"""What is known of a phone call, and its words: "Missed call", "Call, 2 min". Pure functions.

Providers report a call in parts (it began, it ended, it was recorded …), which arrive in any order, repeated or not at
all. Facts of the parts are merged so that the order does not matter: what is true in one of them is true.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from django.utils.translation import gettext_noop

_MINUTE: Final = 60
_HOUR: Final = 3600
_LONGEST: Final = 30 * 24 * _HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Facts of one call. `seconds` is how long it was spoken; `transcript` the longest one."""

    took_place: bool = False  # a part said that the call began or ended, and not only that it was recorded
    answered: bool = False
    declined: bool = False
    ended: bool = False
    recorded: bool = False
    seconds: int = 0
    transcript: str = ""

    @classmethod
    def read(cls, stored: Any) -> Self:
        """Return the facts that `asdict` wrote; facts of another type count as unknown."""
        known = asdict(cls())
        found = stored if isinstance(stored, dict) else {}
        return cls(**{key: found[key] if type(found.get(key)) is type(known[key]) else known[key] for key in known})

    def merged(self, other: "Call") -> "Call":
        """Return the facts of both: commutative, associative, and idempotent."""
        return Call(
            took_place=self.took_place or other.took_place,
            answered=self.answered or other.answered,
            declined=self.declined or other.declined,
            ended=self.ended or other.ended,
            recorded=self.recorded or other.recorded,
            seconds=max(self.seconds, other.seconds),
            transcript=max(self.transcript, other.transcript, key=lambda text: (len(text), text)),
        )

    @property
    def was_answered(self) -> bool:
        """Whether two people have spoken: only then there is something to record."""
        return self.answered or self.seconds > 0 or self.recorded or bool(self.transcript)

    def words(self, *, incoming: bool) -> str:
        """Return what the call was, for people, followed by its transcript."""
        lines = [self._outcome(incoming=incoming), self.transcript]
        return "\n".join(line for line in lines if line)

    def _outcome(self, *, incoming: bool) -> str:
        if self.was_answered:
            details = (_duration(self.seconds), gettext_noop("recorded") if self.recorded else "")
            return ", ".join(part for part in (gettext_noop("Call"), *details) if part)
        if self.declined:
            return gettext_noop("Call declined")
        if self.ended:
            return gettext_noop("Missed call") if incoming else gettext_noop("Call, not answered")
        return gettext_noop("Called") if incoming else gettext_noop("Called the customer")


def _duration(seconds: int) -> str:
    """Return seconds up to a minute, otherwise minutes; '' for 0."""
    seconds = min(seconds, _LONGEST)
    if seconds < _MINUTE:
        return f"{seconds} s" if seconds else ""
    hours, minutes = divmod((seconds + _MINUTE // 2) // _MINUTE, _HOUR // _MINUTE)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)
