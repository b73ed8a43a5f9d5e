"""What is read and written of messages that the provider accepted and later reports as failed temporarily."""

import json
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from conversations.message_status_order import ProviderKey
from conversations.models.statuses import arrays_of_keys
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows

# Whether a later message of the chat of `m` has been sent, may have been, or is being sent: not one that failed, or is
# queued again. The messages are looked for as in outbox.py.
_IS_OVERTAKEN: Final = """EXISTS (
               SELECT FROM conversations AS v CROSS JOIN LATERAL (
                   SELECT FROM conversations AS other CROSS JOIN LATERAL (
                       SELECT FROM messages AS later
                       WHERE later.conversation_id = other.id AND later.id > m.id AND later.direction = 'out'
                           AND later.channel_id = m.channel_id AND later.attempts > 0
                           AND later.status NOT IN ('queued', 'failed') LIMIT 1
                   ) AS sent WHERE other.customer_id = v.customer_id LIMIT 1
               ) AS overtaking WHERE v.id = m.conversation_id OFFSET 0)"""
# `m` is a message that the provider accepted and reports as failed.
_LOCK_ATTEMPTS: Final = f"""
    SELECT m.id, m.user_id, m.provider_id, m.provider_token, m.status, m.attempts, m.retry_kind, m.retries,
           m.extras -> 'former_ids', m.conversation_id, m.extras ? 'settled', {_IS_OVERTAKEN}
    FROM messages AS m
    WHERE m.direction = 'out' AND m.id = ANY (%s::uuid[] || ARRAY(
        SELECT coalesce(
            (SELECT k.id FROM messages AS k
             WHERE k.user_id = given.user_id AND k.provider_id = given.provider_id LIMIT 1),
            (SELECT k.id FROM messages AS k
             WHERE k.user_id = given.user_id AND k.provider_token = given.token AND k.direction = 'out' LIMIT 1))
        FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS given (user_id, provider_id, token)))
    ORDER BY m.id FOR NO KEY UPDATE OF m
"""  # noqa: S608 - constant text
_WAS_OVERTAKEN: Final = f"SELECT {_IS_OVERTAKEN} FROM messages AS m WHERE m.id = %s"  # noqa: S608 - constant text
# What was reported about the failed attempt goes with its id.
_REQUEUE: Final = """
    UPDATE messages AS m SET
        status = 'queued', provider_id = NULL, provider_token = NULL, error = given.error,
        retry_kind = given.retry_kind, retries = given.retries,
        due_at = now() + given.pause * interval '1 second', leased_until = NULL,
        extras = m.extras - 'times' - 'details' || jsonb_build_object('former_ids', given.former_ids),
        updated_at = now()
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::integer[], %s::float[], %s::jsonb[])
        AS given (id, error, retry_kind, retries, pause, former_ids)
    WHERE m.id = given.id AND m.id = ANY (%s::uuid[])
"""


class Attempt(NamedTuple):
    """A message that a report of failure is about. `is_overtaken`: later messages of its chat have been sent since.

    `is_settled`: staff have sent it again, or left it.
    """

    id: UUID
    user_id: UUID
    provider_id: str | None
    provider_token: str | None
    status: str
    attempts: int
    retry_kind: str
    retries: int
    former_ids: list[str]
    conversation_id: UUID
    is_settled: bool
    is_overtaken: bool


class Requeued(NamedTuple):
    """A message that is sent again after `pause` seconds."""

    id: UUID
    error: str
    retry_kind: str
    retries: int
    pause: float
    former_ids: list[str]


class AttemptManager:
    """The part of Message.objects by which messages are queued again."""

    def lock_attempts(self, *, keys: Mapping[ProviderKey, str | None], ids: Sequence[UUID]) -> list[Attempt]:
        """Return the outgoing messages with one of these provider ids or one of `ids`, locked in the order of their
        ids. The value of each key is its token, as in `lock_reported`. Caller holds the transaction.
        """
        values = [array(ids), *arrays_of_keys(keys), array(keys.values())]
        rows = [Attempt(*row) for row in fetch_rows(_LOCK_ATTEMPTS, values)]
        return [row._replace(former_ids=json.loads(str(row.former_ids or "[]"))) for row in rows]

    def was_overtaken(self, id_: UUID) -> bool:
        """Whether a later message of its chat (customer and number) has been sent, may have been, or is being sent."""
        return any(overtaken for (overtaken,) in fetch_rows(_WAS_OVERTAKEN, [id_]))

    def requeue(self, messages: Sequence[Requeued]) -> None:
        """Queue messages again. Caller holds the transaction and has locked them. See Note [Former ids] in
        whatsapp/outbound/requeue.py.
        """
        if not messages:
            return
        ids, errors, kinds, retries, pauses, former = zip(*messages, strict=True)
        columns = [array(map(str, column)) for column in (ids, errors, kinds, retries, pauses, map(json.dumps, former))]
        fetch_rows(_REQUEUE, [*columns, array(ids)])
