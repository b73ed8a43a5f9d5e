"""The model ParkedStatus: statuses that providers report before the message is stored."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db import models
from django.db.models import Q

from conversations.incoming import CallPart
from conversations.message_status_order import REPORTED, ParkedRecord, ProviderKey, StatusRecord
from leadsite.core.arrays import array
from leadsite.core.models import OwnedModel
from leadsite.core.statements import fetch_rows

# An existing row is locked and keeps its content: the caller merges it with the report and writes the result.
_PARK: Final = """
    INSERT INTO parked_statuses AS p (user_id, provider_id, status, error, times, details)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::jsonb[])
    ON CONFLICT (user_id, provider_id) DO UPDATE SET updated_at = now()
    RETURNING p.id, p.user_id, p.provider_id, p.status, p.error, p.times, p.details
"""
_WRITE_PARKED: Final = """
    UPDATE parked_statuses AS p
    SET status = given.status, error = given.error, times = given.times, details = given.details
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::jsonb[], %s::jsonb[])
        AS given (id, status, error, times, details)
    WHERE p.id = given.id
"""
_PARK_CALLS: Final = """
    INSERT INTO parked_statuses (user_id, provider_id, status, details)
    SELECT user_id, provider_id, 'sent', details FROM unnest(%s::uuid[], %s::text[], %s::jsonb[])
        AS given (user_id, provider_id, details)
    ON CONFLICT (user_id, provider_id) DO UPDATE SET details = excluded.details, updated_at = now()
"""
_ARRIVED: Final = """
    SELECT found.user_id, found.provider_id FROM unnest(%s::uuid[], %s::text[]) AS given (user_id, provider_id)
    CROSS JOIN LATERAL (
        SELECT p.user_id, p.provider_id FROM parked_statuses AS p
        WHERE p.user_id = given.user_id AND p.provider_id = given.provider_id
            AND p.status IN ('delivered', 'read', 'played') LIMIT 1
    ) AS found
"""


class ParkedStatusManager(models.Manager["ParkedStatus"]):
    """Reads and writes lists of parked statuses."""

    def park(self, reports: Mapping[ProviderKey, StatusRecord]) -> list[ParkedRecord]:
        """Insert a row for each report, or lock the existing row; return the rows as stored.

        Locks in the order of the keys. Caller holds the transaction.
        """
        keys = sorted(reports)
        rows = fetch_rows(_PARK, [*arrays_of_keys(keys), *arrays_of_records([reports[key] for key in keys])])
        return [
            ParkedRecord(row_id, (user_id, provider_id), record_from_row(*state))
            for row_id, user_id, provider_id, *state in rows
        ]

    def arrived(self, keys: Iterable[ProviderKey]) -> set[ProviderKey]:
        """Return which of these keys have a row that says that the message was delivered. Locks nothing."""
        return {(user_id, provider_id) for user_id, provider_id in fetch_rows(_ARRIVED, [*arrays_of_keys(keys)])}

    def write(self, parked: Sequence[ParkedRecord]) -> None:
        """Update rows. Caller holds the transaction and has locked them."""
        if not parked:
            return
        records = arrays_of_records([row.record for row in parked])
        fetch_rows(_WRITE_PARKED, [array(row.id for row in parked), *records])

    def park_calls(self, parts: Mapping[ProviderKey, CallPart]) -> None:
        """Insert or replace what is known of calls. Caller holds the transaction and has locked the businesses."""
        if not parts:
            return
        keys = sorted(parts)
        user_ids, call_ids = arrays_of_keys((user_id, parked_call(call_id)) for user_id, call_id in keys)
        details = array(
            json.dumps(
                {
                    "extras": dict(parts[key].extras),
                    "provider_time": (time := parts[key].provider_time) and time.isoformat(),
                }
            )
            for key in keys
        )
        fetch_rows(_PARK_CALLS, [user_ids, call_ids, details])


class ParkedStatus(OwnedModel):
    """A provider's report about a message that is not stored yet, or whose provider id is not stored yet.

    `provider_id` is the provider's token where the id has one: the message may be stored with another id.
    See Note [Parked statuses] in conversations/services/statuses.py. So are parts of a call that do not say whose it is
    and come before the others (`parked_call`): their `details` are added to the call when it is stored. A message that
    another program sent is never stored; the worker deletes old rows.
    """

    provider_id = models.CharField()
    status = models.CharField()
    error = models.TextField(default="", db_default="")
    # When each status was first reported: {"sent": "2026-11-22T10:00:00Z", …}.
    times = models.JSONField(default=dict, db_default={})
    # Other content of the report: pricing, Meta's conversation.
    details = models.JSONField(default=dict, db_default={})

    objects = ParkedStatusManager()

    class Meta:
        db_table = "parked_statuses"
        verbose_name_plural = "parked statuses"
        constraints = [
            models.UniqueConstraint(fields=["user", "provider_id"], name="parked_statuses_unique"),
            models.CheckConstraint(
                condition=Q(status__in=list(REPORTED)),
                name="parked_statuses_status_valid",
            ),
        ]
        indexes = [
            # Read by the worker, which deletes old rows.
            models.Index(fields=["updated_at"], name="parked_statuses_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id}: {self.status}"


def parked_call(call_id: str) -> str:
    """Return the `provider_id` of the row with parts of a call; the call's own is that of its statuses."""
    return f"call {call_id}"


def call_part(details: str, direction: str) -> CallPart:
    """Read what `park_calls` has written. The parts do not know the direction."""
    found = json.loads(details)
    time = found["provider_time"]
    return CallPart(direction, datetime.fromisoformat(time) if time else None, found["extras"])


def arrays_of_keys(keys: Iterable[ProviderKey]) -> tuple[str, str]:
    """Return user ids and provider ids as two arrays, which a statement unnests."""
    keys = list(keys)
    return array(user_id for user_id, _ in keys), array(provider_id for _, provider_id in keys)


def record_from_row(status: str, error: str, times: str | None, details: str | None) -> StatusRecord:
    """Build it from a row's columns. In raw queries Django returns jsonb as text."""
    return StatusRecord(status, error, json.loads(times or "{}"), json.loads(details or "{}"))


def arrays_of_records(records: Sequence[StatusRecord]) -> list[str]:
    """Return statuses, errors, times and details as four arrays, which a statement unnests."""
    return [
        array(record.status for record in records),
        array(record.error for record in records),
        array(json.dumps(dict(record.times)) for record in records),
        array(json.dumps(dict(record.details)) for record in records),
    ]
