"""What deliveries read and write of messages and conversations: lists, in a fixed number of statements.

Lists are passed to PostgreSQL as arrays, and every look-up is a LATERAL … LIMIT 1, so that an index is used whatever
the statistics say.
"""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from django.db import models

from conversations.incoming import PLACEHOLDER_KINDS, CallPart, IncomingMessage, MessageKey
from conversations.models.openings import STILL_ASSIGNED
from conversations.models.statuses import call_part, parked_call
from conversations.placing import ConversationChange, Newest, Place
from leadsite.core.arrays import array, column_arrays
from leadsite.core.statements import fetch_rows

M = TypeVar("M", bound=models.Model)

_PLACES: Final = """
    SELECT here.conversation_id, here.kind, newest.id, newest.status, target.conversation_id,
           here.direction, here.provider_time, here.extras, here.is_turn, parked.details,
           (SELECT max(last.erased_at) FROM unnest(%s::uuid[]) AS business
            CROSS JOIN LATERAL (SELECT e.erased_at FROM erased_marks AS e WHERE e.user_id = business
                                ORDER BY e.user_id, e.erased_at DESC LIMIT 1) AS last)
    FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::text[], %s::text[]) WITH ORDINALITY
        AS sent (user_id, provider_id, customer_id, target, target_token, parked, n)
    LEFT JOIN LATERAL (
        SELECT m.conversation_id, m.kind, m.direction, m.provider_time, m.is_turn,
               CASE WHEN m.kind = 'call' THEN m.extras END AS extras
        FROM messages AS m WHERE m.user_id = sent.user_id AND m.provider_id = sent.provider_id LIMIT 1
    ) AS here ON true
    LEFT JOIN LATERAL (
        SELECT c.id, c.status FROM conversations AS c WHERE c.customer_id = sent.customer_id AND c.deleted_at IS NULL
        ORDER BY (c.status = 'active') DESC, c.created_at DESC, c.id DESC LIMIT 1
    ) AS newest ON true
    LEFT JOIN LATERAL (
        SELECT p.details FROM parked_statuses AS p
        WHERE p.user_id = sent.user_id AND p.provider_id = sent.parked LIMIT 1
    ) AS parked ON true
    CROSS JOIN LATERAL (SELECT coalesce(
        (SELECT m.conversation_id FROM messages AS m WHERE m.user_id = sent.user_id AND m.provider_id = sent.target
            AND (SELECT c.customer_id FROM conversations AS c WHERE c.id = m.conversation_id) = sent.customer_id
         LIMIT 1),
        (SELECT m.conversation_id FROM messages AS m
         WHERE m.user_id = sent.user_id AND m.provider_token = sent.target_token
            AND (SELECT c.customer_id FROM conversations AS c WHERE c.id = m.conversation_id) = sent.customer_id
         LIMIT 1)
    ) AS conversation_id) AS target
    ORDER BY sent.n
"""
_STORE: Final = """
    INSERT INTO messages AS m (user_id, conversation_id, channel_id, address, direction, kind, content, provider_id,
                               status, provider_time, created_at, is_turn, extras, parts, provider_token, sort_at)
    SELECT user_id, conversation_id, channel_id, address, direction, kind, content, provider_id,
           status, provider_time, CASE WHEN provider_time IS NULL THEN at ELSE now() END, is_turn, extras::jsonb,
           parts::jsonb, provider_token,
           coalesce(before.sort_at + interval '1 microsecond', at) + nth * interval '1 microsecond'
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                %s::text[], %s::timestamptz[], %s::timestamptz[], %s::boolean[], %s::text[], %s::text[],
                %s::text[], %s::integer[])
        AS sent (user_id, conversation_id, channel_id, address, direction, kind, content, provider_id,
                 status, provider_time, at, is_turn, extras, parts, provider_token, nth)
    -- The last message of the same second: this one arrived after it.
    LEFT JOIN LATERAL (
        SELECT b.sort_at FROM messages AS b
        WHERE b.conversation_id = sent.conversation_id AND b.sort_at >= sent.at
            AND b.sort_at < sent.at + interval '1 second'
        ORDER BY b.sort_at DESC LIMIT 1
    ) AS before ON true
    ON CONFLICT (user_id, provider_id) WHERE provider_id IS NOT NULL DO UPDATE SET
        kind = excluded.kind, content = excluded.content, parts = excluded.parts, is_turn = excluded.is_turn,
        -- Keep the times of statuses, so that the row is the same whichever of message and status came first.
        extras = excluded.extras || CASE WHEN m.extras ? 'times'
            THEN jsonb_build_object('times', m.extras -> 'times') ELSE '{}' END,
        -- What was stored as a sign and is a message from the customer after all has been placed as a new one.
        conversation_id = CASE WHEN m.is_turn OR NOT excluded.is_turn THEN m.conversation_id
                               ELSE excluded.conversation_id END,
        sort_at = CASE WHEN excluded.provider_time <> m.provider_time
                           OR excluded.conversation_id <> m.conversation_id AND NOT m.is_turn AND excluded.is_turn
                       THEN excluded.sort_at ELSE m.sort_at END,
        provider_time = coalesce(excluded.provider_time, m.provider_time), updated_at = now()
    WHERE m.kind IN {placeholders} AND excluded.kind NOT IN {placeholders} OR m.kind = 'call' AND excluded.kind = 'call'
    -- xmax is 0 in a row that this statement inserted, and not 0 in one that it updated.
    RETURNING m.user_id, m.provider_id, m.id, m.conversation_id, m.sort_at, m.xmax = 0
""".replace("{placeholders}", str(PLACEHOLDER_KINDS))
# An answer that the provider reports was written with the customer's earlier messages in sight; one that was queued
# here does not answer what arrives after it, however long ago that was written (a provider tries for a week). An
# answered call is an answer too; a message that failed is none. One of which it is unknown whether it was sent is: the
# customer may have it. What had arrived when staff completed the conversation needs no answer, and a
# conversation that is not active does not wait.
_CHANGE: Final = """
    UPDATE conversations AS c SET
        status = CASE WHEN given.reopens THEN 'active' ELSE c.status END,
        assigned_to_id = CASE WHEN given.reopens THEN {still_assigned} ELSE c.assigned_to_id END,
        last_message_at = greatest(c.last_message_at, given.last_message_at),
        last_inbound_at = greatest(c.last_inbound_at, given.last_inbound_at),
        -- The customer has written: the reminder is of no use any more.
        snoozed_until = CASE WHEN given.last_inbound_at >= coalesce(c.last_inbound_at, '-infinity') THEN NULL
                             ELSE c.snoozed_until END,
        waiting_since = CASE WHEN NOT given.has_turns THEN c.waiting_since
            WHEN c.status = 'active' OR given.reopens THEN least(
                CASE WHEN given.arrived > reported.at THEN given.arrived END,
                (SELECT m.sort_at FROM messages AS m
                 WHERE m.conversation_id = given.id AND m.direction = 'in' AND m.is_turn
                     AND m.sort_at > greatest(reported.at, answered.at - interval '7 days')
                     AND (m.sort_at > answered.at OR m.created_at > queued.at)
                     AND m.created_at > coalesce(c.handled_at, '-infinity')
                 ORDER BY m.sort_at LIMIT 1)) END,
        updated_at = CASE WHEN given.joins THEN now() ELSE c.updated_at END
    FROM unnest(%s::uuid[], %s::boolean[], %s::boolean[], %s::timestamptz[], %s::timestamptz[], %s::boolean[],
                %s::timestamptz[])
        AS given (id, joins, reopens, last_message_at, last_inbound_at, has_turns, arrived)
    CROSS JOIN LATERAL (SELECT coalesce((
        SELECT a.sort_at FROM messages AS a WHERE a.conversation_id = given.id AND {answer}
        ORDER BY a.sort_at DESC LIMIT 1), '-infinity') AS at) AS answered
    CROSS JOIN LATERAL (SELECT coalesce((
        SELECT a.sort_at FROM messages AS a
        WHERE a.conversation_id = given.id AND {answer} AND a.provider_time IS NOT NULL
        ORDER BY a.sort_at DESC LIMIT 1), '-infinity') AS at) AS reported
    CROSS JOIN LATERAL (SELECT coalesce((
        SELECT a.created_at FROM messages AS a
        WHERE a.conversation_id = given.id AND {answer} AND a.provider_time IS NULL
        ORDER BY a.sort_at DESC LIMIT 1), '-infinity') AS at) AS queued
    -- Both conditions, so that the index is used for these ids, whatever the statistics say.
    WHERE c.id = given.id AND c.id = ANY (%s::uuid[]) AND (c.deleted_at IS NULL OR NOT given.joins)
    RETURNING c.id
""".replace(
    "{answer}",
    "(a.direction = 'out' AND a.is_turn AND a.status <> 'failed'"
    " OR a.kind = 'call' AND a.direction = 'in' AND NOT a.is_turn)",
).replace("{still_assigned}", STILL_ASSIGNED)
_EVENT_COLUMNS: Final = attrgetter("direction", "kind", "content", "provider_id", "status", "provider_time")


class StoredMessage(NamedTuple):
    """A message as stored. `at` is its place in the conversation: Message.sort_at."""

    user_id: UUID
    provider_id: str
    id: UUID
    conversation_id: UUID
    at: datetime
    is_new: bool

    @property
    def key(self) -> MessageKey:
        return self.user_id, self.provider_id


class InboundMessageManager(models.Manager[M]):
    def places(self, messages: Sequence[tuple[IncomingMessage, UUID | None]], owners: Collection[UUID]) -> list[Place]:
        """Return where each message is stored, and its customer's active conversation, otherwise the newest."""
        places = fetch_rows(
            _PLACES,
            [
                array(sorted(owners)),
                *column_arrays(
                    (
                        message.user_id,
                        message.event.provider_id,
                        customer_id,
                        message.event.target,
                        message.event.target_token,
                        parked_call(message.event.provider_id) if message.event.call else None,
                    )
                    for message, customer_id in messages
                ),
            ],
        )
        return [
            Place(
                here,
                kind,
                Newest(newest_id, status) if newest_id else None,
                target,
                CallPart(direction, provider_time, json.loads(extras)) if extras else None,
                was_turn is not False,
                call_part(parked, message.event.direction) if parked else None,
                erased_at,
            )
            for (message, _), row in zip(messages, places, strict=True)
            for here, kind, newest_id, status, target, direction, provider_time, extras, *rest in [row]
            for was_turn, parked, erased_at in [rest]
        ]

    def store(self, messages: Sequence[tuple[IncomingMessage, UUID]]) -> list[StoredMessage]:
        """Store each message in its conversation, in the order of their keys, which is the lock order.

        Messages of the same time are placed in the order given, after those that are stored. Stored messages stay as
        they are, except that a placeholder gets the content of the full message, and a call that of all its parts.
        Returns the rows inserted and changed. Caller holds the transaction and has locked the customers.
        """
        if not messages:
            return []
        nth = _positions(messages)
        rows = [
            (
                message.user_id,
                conversation_id,
                message.channel_id,
                message.event.customer.phone or message.event.customer.whatsapp_user_id or "",
                *_EVENT_COLUMNS(message.event),
                message.at,
                message.event.is_turn,
                json.dumps(message.event.extras),
                json.dumps(message.event.parts) if message.event.parts else None,
                message.provider_token,
                nth[message.key],
            )
            for message, conversation_id in sorted(messages, key=lambda item: item[0].key)
        ]
        return [StoredMessage(*row) for row in fetch_rows(_STORE, column_arrays(rows))]


def _positions(messages: Sequence[tuple[IncomingMessage, UUID]]) -> dict[MessageKey, int]:
    """Return how many of the messages before each have the same conversation and time."""
    before: Counter[tuple[UUID, datetime]] = Counter()
    positions = {}
    for message, conversation_id in messages:
        place = conversation_id, message.at
        positions[message.key] = before[place]
        before[place] += 1
    return positions


class InboundConversationManager(models.Manager[M]):
    def change(self, changes: Sequence[ConversationChange]) -> set[UUID]:
        """Make the changes, at most one for each conversation, and return the ids of those that are there.

        Caller holds the transaction and has locked the customers.
        """
        if not changes:
            return set()
        columns = column_arrays(sorted(changes))
        return {conversation_id for (conversation_id,) in fetch_rows(_CHANGE, [*columns, columns[0]])}

    def set_waiting(self, conversation_ids: Collection[UUID]) -> None:
        """Set since when the customers of these conversations wait for an answer.

        Caller holds the transaction and has locked the customers.
        """
        self.change([ConversationChange(id_, has_turns=True) for id_ in conversation_ids])
