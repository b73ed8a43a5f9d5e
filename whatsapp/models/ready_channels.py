"""Numbers that may send a message now: what a sender takes them from."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows

# The businesses alternate (`place`), however many numbers they have; among a business's numbers that whose last message
# is longest ago comes first. What another worker has changed meanwhile is looked at again when the row is locked.
_LOCK_READY: Final = """
    WITH ready AS MATERIALIZED (
        SELECT c.id, row_number() OVER (PARTITION BY c.user_id ORDER BY c.paced_until NULLS FIRST) AS place
        FROM channels AS c CROSS JOIN LATERAL (
            SELECT FROM messages AS m
            WHERE m.channel_id = c.id AND m.status = 'queued' AND m.due_at <= statement_timestamp()
            ORDER BY m.due_at LIMIT 1
        ) AS due
        WHERE c.active AND c.stopped_at IS NULL AND coalesce(c.paced_until <= statement_timestamp() + %(ahead)s, true)
            AND c.id <> ALL (%(seen)s::uuid[]) AND c.user_id <> ALL (%(full)s::uuid[])
    )
    SELECT c.id, c.user_id, c.provider, c.phone_number_id, c.encrypted_access_token,
           c.encrypted_app_secret, greatest(c.paced_until, statement_timestamp()), statement_timestamp(),
           c.first_sent_at IS NULL
    FROM ready JOIN channels AS c ON c.id = ready.id
    WHERE c.active AND c.stopped_at IS NULL AND coalesce(c.paced_until <= statement_timestamp() + %(ahead)s, true)
    ORDER BY ready.place, c.paced_until NULLS FIRST LIMIT %(limit)s FOR NO KEY UPDATE OF c SKIP LOCKED
"""


class ReadyChannel(NamedTuple):
    """A channel that may send now. `free_at`: when the messages claimed so far will have been sent."""

    id: UUID
    user_id: UUID
    provider: str
    phone_number_id: str
    token: str  # encrypted as it is stored
    app_secret: str  # the same
    free_at: datetime
    now: datetime
    is_new: bool = False  # nothing was ever sent through it


class ReadyChannels:
    """The part of Channel.objects from which a sender takes its numbers."""

    def lock_ready(
        self, *, ahead: timedelta, limit: int, seen: Sequence[UUID] = (), full: Sequence[UUID] = ()
    ) -> list[ReadyChannel]:
        """Lock and return channels that have messages due and may send one within `ahead`, except those in `seen`, and
        those of businesses in `full`.

        Locked rows are skipped. Caller holds the transaction.
        """
        values: dict[str, Any] = {"ahead": ahead, "limit": limit, "seen": array(seen), "full": array(full)}
        return [ReadyChannel(*row) for row in fetch_rows(_LOCK_READY, values)]
