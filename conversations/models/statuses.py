"""What providers say of messages that are not here yet."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.db import connection, models
from django.db.models import Q

from conversations.status_order import REPORTED, ParkedStanding, ProviderKey, Standing
from leadsite.core.models import OwnedModel

# A row that is there stays as it is and is locked: what comes of both is decided over the rows that this returns.
_PARK: Final = """
    INSERT INTO parked_statuses AS p (user_id, provider_id, status, error, times, details)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::jsonb[])
    ON CONFLICT (user_id, provider_id) DO UPDATE SET updated_at = now()
    RETURNING p.id, p.user_id, p.provider_id, p.status, p.error, p.times, p.details
"""
_WRITE_PARKED: Final = """
    UPDATE parked_statuses AS p
    SET status = said.status, error = said.error, times = said.times, details = said.details
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::jsonb[], %s::jsonb[])
        AS said (id, status, error, times, details)
    WHERE p.id = said.id
"""


class ParkedStatusManager(models.Manager["ParkedStatus"]):
    """Reads and writes of parked statuses by lists."""

    def park(self, news: Mapping[ProviderKey, Standing]) -> list[ParkedStanding]:
        """Store what is said of each message, or lock the row that is there; return the rows as they are.

        Locks in the order of `news`. Caller holds the transaction.
        """
        with connection.cursor() as cursor:
            cursor.execute(_PARK, [*unzip_keys(news), *columns_of(list(news.values()))])
            return [
                ParkedStanding(row_id, (user_id, provider_id), standing_of_row(*said))
                for row_id, user_id, provider_id, *said in cursor.fetchall()
            ]

    def write(self, parked: Sequence[ParkedStanding]) -> None:
        """Store the standings of rows that the caller has locked. Caller holds the transaction."""
        if not parked:
            return
        with connection.cursor() as cursor:
            cursor.execute(_WRITE_PARKED, [[row.id for row in parked], *columns_of([row.standing for row in parked])])


class ParkedStatus(OwnedModel):
    """What a provider says about a message that is not here yet, or whose provider id is not known yet.

    See Note [Parked statuses] in conversations/services/statuses.py. A message that was sent from elsewhere never
    comes; the worker prunes what waited too long.
    """

    provider_id = models.CharField()
    status = models.CharField()
    error = models.TextField(default="", db_default="")
    # When each status was first reported: {"sent": "2026-11-22T10:00:00Z", …}.
    times = models.JSONField(default=dict, db_default={})
    # What else was said: pricing, Meta's conversation.
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
            # Read by the worker that prunes.
            models.Index(fields=["updated_at"], name="parked_statuses_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id}: {self.status}"


def unzip_keys(keys: Iterable[ProviderKey]) -> tuple[list[Any], list[Any]]:
    """Users and provider ids, each as the list that a statement unnests."""
    keys = list(keys)
    return [user_id for user_id, _ in keys], [provider_id for _, provider_id in keys]


def standing_of_row(status: str, error: str, times: str | None, details: str | None) -> Standing:
    """From a row: Django reads jsonb as text."""
    return Standing(status, error, json.loads(times or "{}"), json.loads(details or "{}"))


def columns_of(standings: Sequence[Standing]) -> list[list[str]]:
    """Statuses, errors, times and details, each as the list that a statement unnests."""
    return [
        [standing.status for standing in standings],
        [standing.error for standing in standings],
        [json.dumps(dict(standing.times)) for standing in standings],
        [json.dumps(dict(standing.details)) for standing in standings],
    ]
