"""What is read and written of messages that a provider reports about: lists, each in one statement."""

import json
from collections.abc import Collection, Container, Mapping, Sequence
from typing import Final
from uuid import UUID

from conversations.message_status_order import MessageRecord, ProviderKey
from conversations.models.statuses import arrays_of_keys, arrays_of_records, record_from_row
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows

# ORDER BY id: messages are locked in that order, in whatever order they are looked up. OFFSET 0: with the
# condition on user_id inside, the planner might read all messages of the business.
# `nameless`: where one of the WhatsApp user ids that were named is no customer's of the business. IN within CASE is a
# hash table, which is built where the first customer without an id is found. As a condition, "IS NULL" could be looked
# up in the index of ids, which has very many of them.
_LOCK_REPORTED: Final = """
    SELECT m.id, m.user_id, m.provider_id, m.provider_token, m.direction = 'out',
           m.created_at >= transaction_timestamp(),
           m.status, m.error, m.extras -> 'times', m.extras -> 'details', m.attempts > 0,
           m.extras -> 'former_ids', m.conversation_id, nameless.id, nameless.phone_key
    FROM messages AS m
    LEFT JOIN LATERAL (
        SELECT CASE WHEN c.whatsapp_user_id IS NULL AND c.user_id IN (
            SELECT named.user_id FROM unnest(%s::uuid[], %s::text[]) AS named (user_id, whatsapp_user_id)
            WHERE NOT EXISTS (SELECT FROM customers AS o WHERE o.user_id = named.user_id
                              AND o.whatsapp_user_id = named.whatsapp_user_id OFFSET 0)
        ) THEN c.id END AS id, c.phone_key FROM conversations AS v JOIN customers AS c ON c.id = v.customer_id
        WHERE %s AND v.id = m.conversation_id OFFSET 0
    ) AS nameless ON true
    WHERE m.id = ANY (%s::uuid[] || ARRAY(
        SELECT coalesce(
            (SELECT k.id FROM messages AS k
             WHERE k.user_id = given.user_id AND k.provider_id = given.provider_id LIMIT 1),
            (SELECT k.id FROM messages AS k
             WHERE k.user_id = given.user_id AND k.provider_token = given.token AND k.direction = 'out' LIMIT 1),
            CASE WHEN given.has_arrived THEN (
                SELECT k.id FROM (
                    SELECT f.id, f.user_id FROM messages AS f
                    WHERE f.extras ? 'former_ids'
                        AND (f.extras -> 'former_ids') ?| ARRAY[given.provider_id, given.token] OFFSET 0
                ) AS k WHERE k.user_id = given.user_id LIMIT 1) END)
        FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::boolean[])
            AS given (user_id, provider_id, token, has_arrived)))
    ORDER BY m.id FOR NO KEY UPDATE OF m
"""
# Clears `due_at` and the lease, so that no worker sends a message whose status is already known.
_WRITE_STATUSES: Final = """
    WITH applied AS (DELETE FROM parked_statuses WHERE id = ANY (%s::uuid[]))
    UPDATE messages AS m SET
        provider_id = given.provider_id, provider_token = given.token, status = given.status, error = given.error,
        extras = m.extras || jsonb_build_object('times', given.times, 'details', given.details),
        due_at = NULL, leased_until = NULL, updated_at = now()
    FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::jsonb[])
        AS given (id, provider_id, token, status, error, times, details)
    WHERE m.id = given.id
"""


class ReportedMessageManager:
    """The part of Message.objects by which reports are applied."""

    def lock_reported(
        self,
        *,
        keys: Mapping[ProviderKey, str | None],
        arrived: Container[ProviderKey],
        ids: Sequence[UUID],
        named: Collection[tuple[UUID, str]],
    ) -> list[MessageRecord]:
        """Return the messages that have one of these provider ids or one of `ids`, locked in the order of their ids.

        The value of each key is its token: where no message has the id, an outgoing one with the token is returned.
        For the keys in `arrived` then one with the id or token among its former ids, see Note [Former ids] in
        whatsapp/outbound/requeue.py. `named`: WhatsApp user ids that the reports name; where one of them is new to
        the business, it is read which customers lack one. Caller holds the transaction.
        """
        has_arrived = array(key in arrived for key in keys)
        given = [*arrays_of_keys(keys), array(keys.values()), has_arrived]
        rows = fetch_rows(_LOCK_REPORTED, [*arrays_of_keys(named), bool(named), array(ids), *given])
        return [
            MessageRecord(
                id=message_id,
                user_id=user_id,
                provider_id=provider_id,
                provider_token=token,
                is_outgoing=is_outgoing,
                is_new=is_new,
                record=record_from_row(*state),
                is_ours=is_ours,
                former_ids=frozenset(json.loads(former_ids)) if former_ids else frozenset(),
                conversation_id=conversation_id,
                lacks_id=(customer_id, phone_key) if customer_id and phone_key else None,
            )
            for row in rows
            for message_id, user_id, provider_id, token, is_outgoing, is_new, *state in [row[:-5]]
            for is_ours, former_ids, conversation_id, customer_id, phone_key in [row[-5:]]
        ]

    def write_statuses(self, messages: Sequence[MessageRecord], *, applied: Sequence[UUID]) -> None:
        """Store provider ids and statuses of messages, and delete the parked rows `applied`. Caller holds the
        transaction and has locked all of them.
        """
        if not messages and not applied:
            return
        ids = array(message.id for message in messages)
        provider_ids = array(message.provider_id for message in messages)
        tokens = array(message.provider_token for message in messages)
        records = arrays_of_records([message.record for message in messages])
        fetch_rows(_WRITE_STATUSES, [array(applied), ids, provider_ids, tokens, *records])

    def delete_copies(self, ids: Sequence[UUID]) -> None:
        """Delete a provider's copies of messages that we sent. Caller holds the transaction and has locked them."""
        if ids:
            fetch_rows("DELETE FROM messages WHERE id = ANY (%s::uuid[])", [array(ids)])
