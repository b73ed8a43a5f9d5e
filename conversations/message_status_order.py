"""The order of the statuses of an outgoing message, and the merging of reports about one message. Pure functions.

Reports arrive in any order and more than once. Merging is therefore commutative, associative and idempotent: the same
reports give the same result however they are ordered and grouped.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

FAILED: Final = "failed"
# A status is replaced only by one further to the right. "failed" is final unless a report proves that it was delivered.
ORDER: Final = ("queued", "sending", "unknown", "sent", FAILED, "delivered", "read", "played")
# Statuses that providers report.
REPORTED: Final = ("sent", "delivered", "read", "played", FAILED)
RANK: Final = {status: rank for rank, status in enumerate(ORDER)}
# Statuses that prove that the message reached the customer.
ARRIVED: Final = frozenset({"delivered", "read", "played"})
# Statuses that leadsite sets before any report arrives: a report replaces them and their error.
BEFORE_SENT: Final = frozenset({"queued", "sending", "unknown"})


@dataclass(frozen=True, slots=True)
class StatusRecord:
    """The status of one outgoing message, with error, times and details.

    `error` is the reason of a failure, otherwise "". `times` has for each status the time of its earliest report
    (`time_text`); for "failed", of the report whose reason is kept. `details` is other content of reports: pricing,
    Meta's conversation.
    """

    status: str
    error: str = ""
    times: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def merge(self, other: "StatusRecord") -> "StatusRecord":
        """Merge both: the later status of ORDER, the failure reported first, the earliest times, the richer details."""
        error, times = _first_failure(self, other)
        for status in sorted((self.times.keys() | other.times.keys()) - {FAILED}):
            times[status] = min(one.times[status] for one in (self, other) if status in one.times)
        return StatusRecord(
            status=max(self.status, other.status, key=RANK.__getitem__),
            error=error,
            times=times,
            details=max(self.details, other.details, key=_richness),
        )


# (user_id, provider_id).
ProviderKey = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message's row, as far as statuses are concerned. `is_new`: inserted in this transaction.

    `is_ours`: no provider's copy, but queued here. `former_ids`: the provider's ids and tokens of attempts that failed,
    see Note [Former ids] in whatsapp/outbound/requeue.py. `lacks_id`: its customer and their phone key, where the
    customer has no WhatsApp user id and the reports name one that is no customer's of the business.
    """

    id: UUID
    user_id: UUID
    provider_id: str | None
    provider_token: str | None
    is_outgoing: bool
    is_new: bool
    record: StatusRecord
    is_ours: bool = True
    former_ids: frozenset[str] = frozenset()
    conversation_id: UUID | None = None
    lacks_id: tuple[UUID, str] | None = None

    @property
    def key(self) -> ProviderKey:
        return self.user_id, self.provider_id or ""

    @property
    def has_failed(self) -> bool:
        return self.record.status == FAILED


@dataclass(frozen=True, slots=True)
class ParkedRecord:
    """A row of parked_statuses: reports about a message that is not stored, or has no provider id."""

    id: UUID
    key: ProviderKey
    record: StatusRecord


def reported(*, status: str, at: datetime, error: str = "", details: Mapping[str, Any] | None = None) -> StatusRecord:
    """Return what one report says. The error counts only with status "failed"."""
    return StatusRecord(
        status=status,
        error=error if status == FAILED else "",
        times={status: time_text(at)},
        details=details or {},
    )


def time_text(at: datetime) -> str:
    """Format an aware datetime in UTC, to the second: 2026-11-22T10:00:00Z. Such texts sort by time."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _first_failure(*records: StatusRecord) -> tuple[str, dict[str, str]]:
    """Return the reason that was reported first, and its time as an entry of `times`.

    A failure with a reason comes before one without. One without a time is leadsite's own and precedes any report. Of
    two in the same second, the smaller text.
    """
    failures = [
        (not known.error, known.times.get(FAILED, ""), known.error)
        for known in records
        if known.error or FAILED in known.times
    ]
    _, at, error = min(failures, default=(True, "", ""))
    return error, {FAILED: at} if at else {}


def _richness(details: Mapping[str, Any]) -> tuple[int, list[tuple[int, str, str]]]:
    """A total order of details, like PostgreSQL's order of jsonb keys: by the number of keys, then by their length."""
    keys = sorted(details, key=lambda key: (len(key), key))
    return len(keys), [(len(key), key, json.dumps(details[key], sort_keys=True)) for key in keys]
