"""What deliveries read and write of messages and conversations: lists, in a fixed number of statements.

Lists are passed to PostgreSQL as arrays, and every look-up is a LATERAL … LIMIT 1, so that an index is used whatever
the statistics say.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from django.db import models

from conversations.incoming import PLACEHOLDER_KINDS, IncomingMessage, MessageKey
from conversations.placing import ConversationUpdate, Newest, Place, Placement
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
                               status, provider_time, opens_window, created_at, extras, parts)
    SELECT user_id, conversation_id, channel_id, address, direction, kind, content, provider_id,
           status, provider_time, opens_window, CASE WHEN provider_time IS NULL THEN at ELSE now() END, extras::jsonb,
           parts::jsonb
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                %s::text[], %s::timestamptz[], %s::boolean[], %s::timestamptz[], %s::text[], %s::text[])
        AS sent (user_id, conversation_id, channel_id, address, direction, kind, content, provider_id,
                 status, provider_time, opens_window, at, extras, parts)
    ON CONFLICT (user_id, provider_id) WHERE provider_id IS NOT NULL DO UPDATE SET
        kind = excluded.kind, content = excluded.content, parts = excluded.parts,
        -- Keep the times of statuses, so that the row is the same whichever of message and status came first.
        extras = excluded.extras || CASE WHEN m.extras ? 'times'
            THEN jsonb_build_object('times', m.extras -> 'times') ELSE '{}' END,
        provider_time = coalesce(excluded.provider_time, m.provider_time),
        opens_window = m.opens_window OR excluded.opens_window, updated_at = now()
    WHERE m.kind IN {placeholders} AND excluded.kind NOT IN {placeholders}
    -- xmax is 0 in a row that this statement inserted, and not 0 in one that it updated.
    RETURNING m.user_id, m.provider_id, m.id, m.conversation_id, coalesce(m.provider_time, m.created_at), m.xmax = 0
""".replace("{placeholders}", str(PLACEHOLDER_KINDS))
_JOIN: Final = """
    UPDATE conversations AS c SET
        status = CASE WHEN given.reopens THEN 'active' ELSE c.status END,
        last_message_at = greatest(c.last_message_at, given.last_message_at),
        last_inbound_at = greatest(c.last_inbound_at, given.last_inbound_at),
        updated_at = now()
    FROM unnest(%s::uuid[], %s::boolean[], %s::timestamptz[], %s::timestamptz[])
        AS given (id, reopens, last_message_at, last_inbound_at)
    -- Both conditions, so that the index is used for these ids, whatever the statistics say.
    WHERE c.id = given.id AND c.id = ANY (%s::uuid[])
    RETURNING c.customer_id, c.id
"""
_EVENT_COLUMNS: Final = ("direction", "kind", "content", "provider_id", "status", "provider_time")


class StoredMessage(NamedTuple):
    """A message as stored. `at` is the provider's time or, where that is missing, when it was received."""

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
    def places(self, messages: Sequence[tuple[IncomingMessage, UUID | None]]) -> list[Place]:
        """Return where each message is stored, and its customer's active conversation, otherwise the newest."""
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
        """Store each message in its conversation, in the order of their keys, which is the lock order.

        Stored messages stay as they are, except that a placeholder gets the content of the full message. Returns the
        rows inserted and changed. Caller holds the transaction and has locked the customers.
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
            array(message.opens_window for message, _ in in_order),
            array(message.at for message, _ in in_order),
            array(json.dumps(event.extras) for event in events),
            array(json.dumps(event.parts) if event.parts else None for event in events),
        ]
        return [StoredMessage(*row) for row in fetch_rows(_STORE, columns)]


class InboundConversationManager(models.Manager[M]):
    def join(self, updates: Sequence[ConversationUpdate]) -> dict[UUID, UUID]:
        """Join each customer's newest conversation, and reopen it where the update says so; return its id by the
        customer's. Caller holds the transaction and has locked the customers.
        """
        if not updates:
            return {}
        newest = array(update.newest.id if update.newest else None for update in updates)
        reopens = array(update.placement is Placement.REOPEN for update in updates)
        last_message = array(update.last_message_at for update in updates)
        last_inbound = array(update.last_inbound_at for update in updates)
        return dict(fetch_rows(_JOIN, [newest, reopens, last_message, last_inbound, newest]))
