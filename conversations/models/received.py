"""What deliveries ask of messages and conversations, and write to them: whole lists in a fixed number of statements.

Every list goes to PostgreSQL as arrays, and every look-up is a LATERAL … LIMIT 1: an index is read whatever the
statistics say.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from django.db import models

from conversations.incoming import PLACEHOLDER_KINDS, IncomingMessage, MessageKey
from conversations.placing import Newest, Place, Touch, Way
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows

M = TypeVar("M", bound=models.Model)

_PLACES: Final = """
    SELECT here.conversation_id, here.kind, newest.id, newest.status
    FROM unnest(%s::uuid[], %s::text[], %s::uuid[]) WITH ORDINALITY AS sent (user_id, provider_id, customer_id, n)
    LEFT JOIN LATERAL (
        SELECT m.conversation_id, m.kind FROM messages AS m
        WHERE m.user_id = sent.user_id AND m.provider_id = sent.provider_id LIMIT 1
    ) AS here ON true
    LEFT JOIN LATERAL (
        SELECT c.id, c.status FROM conversations AS c WHERE c.customer_id = sent.customer_id
        ORDER BY (c.status = 'active') DESC, c.id DESC LIMIT 1
    ) AS newest ON true
    ORDER BY sent.n
"""
_STORE: Final = """
    INSERT INTO messages AS m (user_id, conversation_id, channel_id, address, direction, kind, content, provider_id,
                               status, provider_time, created_at, extras)
    SELECT user_id, conversation_id, channel_id, address, direction, kind, content, provider_id,
           status, provider_time, CASE WHEN provider_time IS NULL THEN at ELSE now() END, extras::jsonb
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[])
        AS sent (user_id, conversation_id, channel_id, address, direction, kind, content, provider_id,
                 status, provider_time, at, extras)
    ON CONFLICT (user_id, provider_id) WHERE provider_id IS NOT NULL DO UPDATE SET
        kind = excluded.kind, content = excluded.content,
        -- Of the placeholder only what statuses have left, so that the row is the same whichever came first.
        extras = excluded.extras || CASE WHEN m.extras ? 'times'
            THEN jsonb_build_object('times', m.extras -> 'times') ELSE '{}' END,
        provider_time = coalesce(excluded.provider_time, m.provider_time), updated_at = now()
    WHERE m.kind IN {placeholders} AND excluded.kind NOT IN {placeholders}
    -- xmax: the row is new and not one that was there (0 means that no transaction has locked or replaced it).
    RETURNING m.user_id, m.provider_id, m.id, m.conversation_id, coalesce(m.provider_time, m.created_at), m.xmax = 0
""".replace("{placeholders}", str(PLACEHOLDER_KINDS))
# DO UPDATE also for a writer who does not take the customer's row first: the conversation is joined.
_JOIN_OR_OPEN: Final = """
    INSERT INTO conversations AS c (user_id, customer_id, status, last_message_at, last_inbound_at)
    SELECT user_id, customer_id, 'active', last_message_at, last_inbound_at
    FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::timestamptz[])
        AS touched (user_id, customer_id, last_message_at, last_inbound_at)
    ON CONFLICT (customer_id) WHERE status = 'active' DO UPDATE SET
        last_message_at = greatest(c.last_message_at, excluded.last_message_at),
        last_inbound_at = greatest(c.last_inbound_at, excluded.last_inbound_at),
        updated_at = now()
    RETURNING c.customer_id, c.id, c.xmax = 0
"""
_JOIN: Final = """
    UPDATE conversations AS c SET
        status = CASE WHEN touched.reopens THEN 'active' ELSE c.status END,
        last_message_at = greatest(c.last_message_at, touched.last_message_at),
        last_inbound_at = greatest(c.last_inbound_at, touched.last_inbound_at),
        updated_at = now()
    FROM unnest(%s::uuid[], %s::boolean[], %s::timestamptz[], %s::timestamptz[])
        AS touched (id, reopens, last_message_at, last_inbound_at)
    -- Twice, so that the index is read for these ids only, whatever the statistics say.
    WHERE c.id = touched.id AND c.id = ANY (%s::uuid[])
    RETURNING c.customer_id, c.id, false
"""
_EVENT_COLUMNS: Final = ("direction", "kind", "content", "provider_id", "status", "provider_time")


class StoredMessage(NamedTuple):
    """A row of messages as it is after storing; `at` is the provider's time or, for want of that, when it came in."""

    user_id: UUID
    provider_id: str
    id: UUID
    conversation_id: UUID
    at: datetime
    is_new: bool

    @property
    def key(self) -> MessageKey:
        return self.user_id, self.provider_id


class Joined(NamedTuple):
    customer_id: UUID
    conversation_id: UUID
    is_new: bool


class ReceivedMessages(models.Manager[M]):
    def places(self, messages: Sequence[tuple[IncomingMessage, UUID | None]]) -> list[Place]:
        """Where each message is, and what conversation its customer has: the active one, or else the newest."""
        places = fetch_rows(
            _PLACES,
            [
                array(message.user_id for message, _ in messages),
                array(message.event.provider_id for message, _ in messages),
                array(customer_id for _, customer_id in messages),
            ],
        )
        return [
            Place(here, kind, Newest(newest_id, status) if newest_id else None)
            for here, kind, newest_id, status in places
        ]

    def store(self, messages: Sequence[tuple[IncomingMessage, UUID]]) -> list[StoredMessage]:
        """Store each in its conversation, in the order of their keys, which is that of locks.

        What is here already stays as it is, except that a placeholder takes the content of the real message. Returned
        are the rows that are new or have changed. Caller holds the customers' locks.
        """
        if not messages:
            return []
        in_order = sorted(messages, key=lambda item: item[0].key)
        events = [message.event for message, _ in in_order]
        columns = [
            array(message.user_id for message, _ in in_order),
            array(conversation_id for _, conversation_id in in_order),
            array(message.channel_id for message, _ in in_order),
            array(event.customer.phone or event.customer.whatsapp_user_id for event in events),
            *(array(getattr(event, column) for event in events) for column in _EVENT_COLUMNS),
            array(message.at for message, _ in in_order),
            array(json.dumps(event.extras) for event in events),
        ]
        return [StoredMessage(*row) for row in fetch_rows(_STORE, columns)]


class TouchedConversations(models.Manager[M]):
    def join_or_open_at(self, touches: Sequence[Touch]) -> list[Joined]:
        """Join each customer's active conversation, or open one. Caller holds the customers' locks."""
        if not touches:
            return []
        owners = array(touch.user_id for touch in touches), array(touch.customer_id for touch in touches)
        return [Joined(*row) for row in fetch_rows(_JOIN_OR_OPEN, [*owners, *_times(touches)])]

    def join(self, touches: Sequence[Touch]) -> list[Joined]:
        """Join each customer's newest conversation, reopened where that is called for. Caller holds the locks."""
        if not touches:
            return []
        newest = array(touch.newest.id if touch.newest else None for touch in touches)
        reopens = array(touch.way is Way.REOPEN for touch in touches)
        return [Joined(*row) for row in fetch_rows(_JOIN, [newest, reopens, *_times(touches), newest])]


def _times(touches: Sequence[Touch]) -> tuple[str, str]:
    return array(touch.last_message_at for touch in touches), array(touch.last_inbound_at for touch in touches)
