"""The outbox: queues outgoing messages, leases them to workers and expires leases."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection

from conversations.window import WINDOW
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows

# Each (customer, number) is one chat: its messages are sent in the order in which they were stored, and a customer gets
# one message at a time. `m` is a message, `v` its conversation. OFFSET 0 keeps the planner from turning this into a
# join, for which it would read the whole queue.
_NONE_BEFORE: Final = """NOT EXISTS (
        SELECT FROM conversations AS other CROSS JOIN LATERAL (
            SELECT FROM messages AS before
            WHERE before.conversation_id = other.id AND before.status IN ('queued', 'sending') AND before.id <> m.id
                AND (before.status = 'sending' OR (before.id < m.id AND before.channel_id = m.channel_id)) LIMIT 1
        ) AS found
        WHERE other.customer_id = v.customer_id OFFSET 0)"""
# Reads the index messages_due up to the limit. With a condition on another indexed column of `m` the planner might read
# and sort the whole queue instead. Most messages that must wait are excluded by one look-up in messages_waiting.
_LOCK_DUE: Final = f"""
    SELECT m.id FROM messages AS m CROSS JOIN LATERAL (
        SELECT FROM conversations AS v JOIN customers AS c ON c.id = v.customer_id
        WHERE v.id = m.conversation_id AND v.user_id = %(user)s AND coalesce(c.paced_until <= %(paced)s, true)
            AND {_NONE_BEFORE}
        LIMIT 1 FOR NO KEY UPDATE OF c SKIP LOCKED
    ) AS customer
    WHERE m.channel_id = %(channel)s AND m.status = 'queued' AND m.due_at <= %(now)s
        AND NOT EXISTS (
            SELECT FROM messages AS before WHERE before.conversation_id = m.conversation_id
                AND before.channel_id = m.channel_id AND before.status IN ('queued', 'sending') AND before.id < m.id
            OFFSET 0)
    ORDER BY m.due_at LIMIT %(limit)s
"""  # noqa: S608 - constant text
# A message with a file, which is uploaded first, is leased for so many times as long.
LEASES_WITH_FILE: Final = 6
_LEASE_TIME: Final = f"%(lease)s::interval * CASE WHEN m.extras ? 'media' THEN {LEASES_WITH_FILE} ELSE 1 END"
# Look-up by id: `status || ''` matches no partial index, so that the planner cannot choose to scan one.
_LEASE: Final = f"""
    WITH mine AS MATERIALIZED (
        SELECT m.id, v.customer_id, CASE WHEN v.deleted_at IS NOT NULL THEN 'deleted'
            WHEN c.marketing_opted_out_at IS NOT NULL AND m.extras ? 'is_marketing' THEN 'opted_out'
            ELSE '' END AS reason
        FROM messages AS m JOIN conversations AS v ON v.id = m.conversation_id
        JOIN customers AS c ON c.id = v.customer_id
        WHERE m.id = ANY (%(ids)s::uuid[]) AND m.status || '' = 'queued' AND {_NONE_BEFORE}
        FOR NO KEY UPDATE OF m SKIP LOCKED
    ), paced AS (
        UPDATE customers AS c SET paced_until = greatest(c.paced_until, %(now)s) + %(pair)s
        WHERE c.id = ANY (ARRAY(SELECT customer_id FROM mine))
    )
    UPDATE messages AS m SET status = 'sending', attempts = m.attempts + 1,
        leased_until = %(now)s + {_LEASE_TIME}
    WHERE m.id = ANY (ARRAY(SELECT id FROM mine))
    RETURNING m.id, m.attempts, m.retry_kind, m.retries, m.kind, m.content, m.extras, m.address,
              (SELECT reason FROM mine WHERE mine.id = m.id)
"""  # noqa: S608 - constant text
_CONVERSATIONS: Final = "SELECT conversation_id FROM messages WHERE id = ANY (%s::uuid[])"
_EXPIRE_LEASES: Final = """
    UPDATE messages SET status = 'unknown', error = %s, leased_until = NULL, updated_at = now()
    WHERE id = ANY (ARRAY(
        SELECT id FROM messages WHERE status = 'sending' AND leased_until < statement_timestamp()
        ORDER BY leased_until FOR NO KEY UPDATE SKIP LOCKED))
"""
# When a message is sent again, the next may go to the customer, and its lease ends: after the clock was moved back by
# more than these can be ahead of it. Locked rows are skipped: who has them locked sets these times.
_MOVE_TIMES: Final = (
    """
    UPDATE customers SET paced_until = paced_until + %(by)s WHERE id = ANY (ARRAY(
        SELECT id FROM customers WHERE paced_until > statement_timestamp() FOR NO KEY UPDATE SKIP LOCKED))
    """,
    """
    UPDATE messages SET due_at = due_at + %(by)s WHERE id = ANY (ARRAY(
        SELECT id FROM messages WHERE status = 'queued' AND due_at > statement_timestamp()
        FOR NO KEY UPDATE SKIP LOCKED))
    """,
    f"""
    UPDATE messages SET leased_until = leased_until + %(by)s WHERE id = ANY (ARRAY(
        SELECT id FROM messages AS m WHERE status = 'sending' AND leased_until > statement_timestamp() + {_LEASE_TIME}
        FOR NO KEY UPDATE SKIP LOCKED))
    """,  # noqa: S608 - constant text
)

# The customer's messages to each number of the business: those that may hold a window open, and the last one of each
# conversation, whose number and address are used when the window is closed.
_CHATS: Final = """
    SELECT m.channel_id, (array_agg(m.address ORDER BY m.sort_at DESC))[1],
           max(m.sort_at) FILTER (WHERE m.is_turn OR m.kind = 'call') AS last_inbound_at
    FROM conversations AS v CROSS JOIN LATERAL (
        (SELECT last.channel_id, last.address, last.is_turn, last.kind, last.sort_at FROM messages AS last
         WHERE last.conversation_id = v.id AND last.direction = 'in'
         ORDER BY last.sort_at DESC LIMIT 1)
        UNION ALL
        SELECT recent.channel_id, recent.address, recent.is_turn, recent.kind, recent.sort_at FROM messages AS recent
        WHERE recent.conversation_id = v.id AND recent.sort_at > %s AND recent.direction = 'in'
            AND (recent.is_turn OR recent.kind = 'call')
    ) AS m
    WHERE v.customer_id = %s AND m.channel_id IS NOT NULL
    GROUP BY m.channel_id ORDER BY last_inbound_at DESC NULLS LAST, max(m.sort_at) DESC
"""
# The place of the new message: now by the provider's clock, which is as much behind ours as the customer's last message
# shows, and below all that is there. Without one, 10 s before our time: our clock may be ahead by as much.
_QUEUE: Final = """
    WITH written AS (
        UPDATE conversations
        SET last_message_at = greatest(last_message_at, now()), waiting_since = NULL, updated_at = now(),
            -- What has come back is done by the answer; what is to come back later still is.
            snoozed_until = CASE WHEN snoozed_until > now() THEN snoozed_until END
        WHERE id = %(conversation)s AND deleted_at IS NULL
        RETURNING id)
    INSERT INTO messages
        (user_id, conversation_id, channel_id, address, author_id, kind, content, extras, parts, direction, status,
         due_at, sort_at)
    SELECT %(user)s, id, %(channel)s, %(address)s, %(author)s::uuid, %(kind)s, %(content)s, %(extras)s::jsonb,
            %(parts)s::jsonb, 'out', 'queued', now(), greatest(
                (SELECT before.sort_at + interval '1 microsecond' FROM messages AS before
                 WHERE before.conversation_id = %(conversation)s ORDER BY before.sort_at DESC LIMIT 1),
                now() - coalesce(
                    (SELECT last.created_at - last.sort_at FROM messages AS last
                     WHERE last.conversation_id = %(conversation)s AND last.direction = 'in' AND last.is_turn
                     ORDER BY last.sort_at DESC LIMIT 1), '10 seconds'))
    FROM written
    RETURNING id
"""


class Chat(NamedTuple):
    """A customer and one number of the business: the address from which the customer wrote last, and when they wrote
    or called last, as far as it counts for the window.
    """

    channel_id: UUID
    address: str
    last_inbound_at: datetime | None


class Leased(NamedTuple):
    """A message leased to a worker; `attempts` distinguishes this lease from others.

    `withheld`: why it is not to be sent any more: "deleted", its conversation is; "opted_out", it is marketing, which
    the customer does not want; otherwise "".
    """

    id: UUID
    attempts: int
    retry_kind: str
    retries: int
    kind: str
    content: str
    extras: dict[str, Any]
    address: str
    withheld: str


class OutboxManager:
    """The part of Message.objects by which messages are queued and sent."""

    def chats(self, customer_id: UUID, *, now: datetime) -> list[Chat]:
        """Return the numbers to which the customer has written, the last one first. See conversations/window.py."""
        return [Chat(*row) for row in fetch_rows(_CHATS, [now - WINDOW, customer_id])]

    def queue(
        self,
        *,
        user_id: UUID,
        conversation_id: UUID,
        kind: str,
        content: str,
        extras: Mapping[str, Any],
        channel_id: UUID | None,
        address: str,
        author_id: UUID | None = None,
        parts: Mapping[str, Any] | None = None,
    ) -> UUID | None:
        """Store a message that is due now; None where the conversation is deleted. Caller holds the transaction and has
        locked the customer.

        Raises django.db.IntegrityError: a constraint of the table.
        """
        values: dict[str, Any] = {"user": user_id, "conversation": conversation_id, "kind": kind, "content": content}
        values |= {"extras": json.dumps(extras), "channel": channel_id, "address": address, "author": author_id}
        values |= {"parts": json.dumps(parts) if parts else None}
        return next((message_id for (message_id,) in fetch_rows(_QUEUE, values)), None)

    def lock_due(
        self, *, channel_id: UUID, user_id: UUID, now: datetime, paced_until: datetime, limit: int
    ) -> list[UUID]:
        """Return messages to send through a channel now, longest due first, and lock their customers. Caller holds the
        transaction, and leases them.

        Only the first message of each customer; none to customers paced beyond `paced_until`, and none to customers
        whose rows are locked.
        """
        values: dict[str, Any] = {
            "channel": channel_id,
            "user": user_id,
            "now": now,
            "paced": paced_until,
            "limit": limit,
        }
        return [message_id for (message_id,) in fetch_rows(_LOCK_DUE, values)]

    def lease(self, ids: Sequence[UUID], *, now: datetime, lease: timedelta, pair: timedelta) -> list[Leased]:
        """Lease messages whose customers the caller has locked, and advance the customers' `paced_until` by `pair`.

        Messages that are no longer due, and messages whose rows are locked, are left out. Caller holds the
        transaction.
        """
        values: dict[str, Any] = {"ids": array(ids), "now": now, "lease": lease, "pair": pair}
        rows = [Leased(*row) for row in fetch_rows(_LEASE, values)]
        # In raw queries Django returns jsonb as text: only JSONField parses it.
        return sorted(row._replace(extras=json.loads(str(row.extras))) for row in rows)

    def conversations_of(self, ids: Sequence[UUID]) -> set[UUID]:
        """Return the conversations of these messages; no query where there are none."""
        return {id_ for (id_,) in fetch_rows(_CONVERSATIONS, [array(ids)])} if ids else set()

    def expire_leases(self, *, error: str) -> int:
        """Set messages with an expired lease to unknown, except those whose rows are locked. Returns how many.

        One statement: its own transaction unless the caller holds one.
        """
        with connection.cursor() as cursor:
            cursor.execute(_EXPIRE_LEASES, [error])
            return cursor.rowcount

    def move_times(self, by: timedelta, *, lease: timedelta) -> None:
        """Move the times of the outbox that are ahead of the clock. Caller holds the transaction."""
        for statement in _MOVE_TIMES:
            fetch_rows(statement, {"by": by, "lease": lease})
