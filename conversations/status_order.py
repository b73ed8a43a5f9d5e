"""In which order the statuses of an outgoing message follow each other, and how reports about one message become one.

Reports come in any order and more than once. Merging is therefore commutative, associative and idempotent: the same
reports give the same result however they are ordered and grouped. Pure functions.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from typing import Any, Final
from uuid import UUID

FAILED: Final = "failed"
# A status is followed only by one further right: "failed" is final unless a later report proves that it arrived.
ORDER: Final = ("queued", "sending", "unknown", "sent", FAILED, "delivered", "read", "played")
# What providers report.
REPORTED: Final = ("sent", "delivered", "read", "played", FAILED)
RANK: Final = {status: rank for rank, status in enumerate(ORDER)}
# What we say of a message ourselves while no provider has said anything: a report makes it obsolete.
BEFORE_SENT: Final = frozenset({"queued", "sending", "unknown"})


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known about one outgoing message.

    `error` is the reason of a failure, "" where there is none. `times` has for each status the moment of its earliest
    report (`time_text`); for "failed", of the report whose reason is kept. `details` is what else was said: pricing,
    Meta's conversation.
    """

    status: str
    error: str = ""
    times: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def merge(self, other: "Standing") -> "Standing":
        """Both as one: the status further on, the failure reported first, the earliest times, the richer details."""
        error, times = _first_failure(self, other)
        for status in sorted((self.times.keys() | other.times.keys()) - {FAILED}):
            times[status] = min(one.times[status] for one in (self, other) if status in one.times)
        return Standing(
            status=max(self.status, other.status, key=RANK.__getitem__),
            error=error,
            times=times,
            details=max(self.details, other.details, key=_richness),
        )


# Whose message, and the provider's id of it.
ProviderKey = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class MessageStanding:
    """A message with what is known about it. `is_new`: stored in this transaction."""

    id: UUID
    user_id: UUID
    provider_id: str | None
    is_outgoing: bool
    is_new: bool
    standing: Standing

    @property
    def key(self) -> ProviderKey:
        return self.user_id, self.provider_id or ""


@dataclass(frozen=True, slots=True)
class ParkedStanding:
    """What is known about a message that is not here, or has no provider id, and the id of the row that says so."""

    id: UUID
    key: ProviderKey
    standing: Standing


def reported(*, status: str, at: datetime, error: str = "", details: Mapping[str, Any] | None = None) -> Standing:
    """What one report of a provider says: the error of a failure counts, that of any other status does not."""
    return Standing(
        status=status,
        error=error if status == FAILED else "",
        times={status: time_text(at)},
        details=details or {},
    )


def merge_all(first: Standing, *others: Standing) -> Standing:
    """All reports about one message as one."""
    return reduce(Standing.merge, others, first)


def time_text(at: datetime) -> str:
    """Return an aware time to the second, in UTC: 2026-11-22T10:00:00Z. Of two such texts the smaller is earlier."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _first_failure(*standings: Standing) -> tuple[str, dict[str, str]]:
    """The reason that was reported first, and its time as an entry of `times`.

    One with a reason comes before one without. One without a time is our own and came before any report. Of two at the
    same second, the smaller text.
    """
    failures = [
        (not known.error, known.times.get(FAILED, ""), known.error)
        for known in standings
        if known.error or FAILED in known.times
    ]
    _, at, error = min(failures, default=(True, "", ""))
    return error, {FAILED: at} if at else {}


def _richness(details: Mapping[str, Any]) -> tuple[int, list[tuple[int, str, str]]]:
    """A total order, the same as PostgreSQL's of jsonb as far as keys go: more keys first, then longer ones."""
    keys = sorted(details, key=lambda key: (len(key), key))
    return len(keys), [(len(key), key, json.dumps(details[key], sort_keys=True)) for key in keys]
