"""What deliveries read and write of leads: lists, in a fixed number of statements.

Lists are passed to PostgreSQL as arrays, and every look-up is a LATERAL … LIMIT 1, so that an index is used whatever
the statistics say.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

from django.db import models

from leads.first_messages import Correction, ExistingLead, details_of, has_words
from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows

M = TypeVar("M", bound=models.Model)

_OF_CONVERSATIONS: Final = """
    SELECT thread.id, lead.id, first.id, first.sort_at, first.kind, first.content, first.extras
    FROM unnest(%s::uuid[]) AS thread (id)
    CROSS JOIN LATERAL (
        SELECT l.id, l.first_message_id FROM leads AS l WHERE l.conversation_id = thread.id AND l.deleted_at IS NULL
        ORDER BY l.first_message_id IS NULL, l.id LIMIT 1
    ) AS lead
    LEFT JOIN LATERAL (
        SELECT m.id, m.sort_at, m.kind, m.content, CASE WHEN m.kind = 'audio' THEN m.extras END AS extras
        FROM messages AS m WHERE m.id = lead.first_message_id LIMIT 1
    ) AS first ON true
"""
_CORRECT: Final = """
    UPDATE leads AS l SET
        details = CASE WHEN l.details = given.before THEN given.details ELSE l.details END,
        first_message_id = given.message_id, updated_at = now()
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[]) AS given (lead_id, message_id, details, before)
    -- Both conditions, so that the index is used for these ids, whatever the statistics say.
    WHERE l.id = given.lead_id AND l.id = ANY (%s::uuid[])
        -- A later part of a call may say the same: that is no new version of the lead.
        AND (l.first_message_id <> given.message_id OR l.details = given.before AND given.details <> given.before)
"""
# Also of the customer's tap on an advertisement that joined an archived conversation, in which the customer has not
# written since: what they wrote next opened this one. By time: the ids of another system's rows are in no order.
_EARLIEST_REFERRALS: Final = """
    FROM unnest(%s::uuid[]) AS thread (id)
    CROSS JOIN LATERAL (
        (SELECT m.parts -> 'referral' AS referral, m.sort_at FROM messages AS m
         WHERE m.conversation_id = thread.id AND m.direction = 'in' AND m.parts ? 'referral'
         ORDER BY m.sort_at LIMIT 1)
        UNION ALL
        (SELECT m.parts -> 'referral', m.sort_at FROM conversations AS this
         CROSS JOIN LATERAL (
            SELECT c.id FROM conversations AS c
            WHERE c.customer_id = this.customer_id AND c.deleted_at IS NULL
                AND (c.created_at, c.id) < (this.created_at, this.id)
            ORDER BY c.created_at DESC, c.id DESC LIMIT 1
         ) AS former
         CROSS JOIN LATERAL (
            SELECT opened.parts, opened.sort_at FROM messages AS opened
            WHERE opened.conversation_id = former.id AND opened.kind = 'request_welcome' AND opened.direction = 'in'
                AND opened.parts ? 'referral' AND opened.sort_at > coalesce(
                    (SELECT turn.sort_at FROM messages AS turn
                     WHERE turn.conversation_id = former.id AND turn.direction = 'in' AND turn.is_turn
                     ORDER BY turn.sort_at DESC LIMIT 1), '-infinity')
            ORDER BY opened.sort_at LIMIT 1
         ) AS m
         WHERE this.id = thread.id)
        ORDER BY sort_at LIMIT 1
    ) AS earliest
"""
_REFERRALS_OF: Final = f"SELECT thread.id, earliest.referral::text {_EARLIEST_REFERRALS}"
_SET_REFERRAL: Final = f"""
    UPDATE leads AS l SET referral = earliest.referral, updated_at = now()
    {_EARLIEST_REFERRALS}
    -- Both conditions, so that the index is used for these ids, whatever the statistics say.
    WHERE l.conversation_id = thread.id AND l.conversation_id = ANY (%s::uuid[]) AND l.first_message_id IS NOT NULL
        AND l.deleted_at IS NULL
        AND l.referral IS DISTINCT FROM earliest.referral
        AND (SELECT c.status FROM conversations AS c WHERE c.id = thread.id) <> 'archived'
"""  # noqa: S608 - constant text


# Deleted rows too: they say how a customer came as well as others.
_ORIGINS_OF: Final = """
    SELECT given.customer_id,
        (SELECT min(coalesce(first.provider_time, first.created_at)) FROM conversations AS thread
         CROSS JOIN LATERAL (SELECT m.provider_time, m.created_at FROM messages AS m
                             WHERE m.conversation_id = thread.id ORDER BY m.sort_at LIMIT 1) AS first
         WHERE thread.customer_id = given.customer_id),
        EXISTS (SELECT FROM conversations AS thread
                CROSS JOIN LATERAL (SELECT FROM leads AS l
                                    WHERE l.conversation_id = thread.id AND l.source <> 'whatsapp' LIMIT 1) AS other
                WHERE thread.customer_id = given.customer_id OFFSET 0)
    FROM unnest(%s::uuid[]) AS given (customer_id)
"""


class Origin(NamedTuple):
    """How a customer came: when the first message was written, None without messages; and whether a form, a file or a
    person has made one of the customer's leads.
    """

    first_message_at: datetime | None
    came_otherwise: bool


class InboundLeadManager(models.Manager[M]):
    def of_conversations(self, conversation_ids: Sequence[UUID]) -> dict[UUID, ExistingLead]:
        """Return a lead of each conversation that has one: one created by WhatsApp, otherwise the oldest."""
        if not conversation_ids:
            return {}
        return {
            conversation_id: ExistingLead(lead_id, message_id, at)
            if content is None
            else ExistingLead(
                lead_id, message_id, at, details_of(kind, content, json.loads(extras or "{}")), has_words(kind, content)
            )
            for conversation_id, lead_id, message_id, at, kind, content, extras in fetch_rows(
                _OF_CONVERSATIONS, [array(conversation_ids)]
            )
        }

    def origins_of(self, customer_ids: Sequence[UUID]) -> dict[UUID, Origin]:
        """Return how each of these customers came."""
        if not customer_ids:
            return {}
        found = fetch_rows(_ORIGINS_OF, [array(customer_ids)])
        return {customer_id: Origin(*origin) for customer_id, *origin in found}

    def correct(self, corrections: Sequence[Correction]) -> None:
        """Set new first messages of leads. Caller holds the transaction and has locked the customers."""
        if not corrections:
            return
        lead_ids = array(one.lead_id for one in corrections)
        columns = (
            array(one.message.id for one in corrections),
            array(one.message.details for one in corrections),
            array(one.before for one in corrections),
        )
        fetch_rows(_CORRECT, [lead_ids, *columns, lead_ids])

    def referrals_of(self, conversation_ids: Sequence[UUID]) -> dict[UUID, str]:
        """Return the referral, as JSON, of each conversation's earliest stored message with one."""
        return dict(fetch_rows(_REFERRALS_OF, [array(conversation_ids)])) if conversation_ids else {}

    def set_referral(self, conversation_ids: Sequence[UUID]) -> None:
        """Set the referral of leads that WhatsApp created: that of the conversation's earliest message with one. Not of
        archived conversations: a tap on an advertisement that joins one is about the customer's next message.

        Caller holds the transaction and has locked the customers.
        """
        if conversation_ids:
            fetch_rows(_SET_REFERRAL, [array(conversation_ids), array(conversation_ids)])
