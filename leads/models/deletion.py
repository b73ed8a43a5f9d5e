"""How leads are deleted and restored, with their conversations: lists, in one statement each.

A conversation is deleted with its last lead. delete_lead_with_conversation.sql has the same rules for SQL clients.
"""

from collections.abc import Collection
from typing import Final, TypeVar
from uuid import UUID

from django.db import models

from leadsite.core.arrays import array
from leadsite.core.statements import fetch_rows

M = TypeVar("M", bound=models.Model)

_LOCK_CONVERSATIONS: Final = """
    SELECT c.id FROM conversations AS c
    WHERE c.id = ANY (ARRAY(SELECT l.conversation_id FROM leads AS l WHERE l.id = ANY (%s::uuid[])))
    ORDER BY c.id FOR NO KEY UPDATE
"""
# now() is the start of the transaction: lead and conversation that are deleted together have the same time.
_DELETE: Final = """
    UPDATE leads SET deleted_at = now(), deleted_by_id = %s, updated_at = now()
    WHERE id = ANY (%s::uuid[]) AND deleted_at IS NULL
    RETURNING id, conversation_id
"""
_DELETE_EMPTIED: Final = """
    UPDATE conversations AS c SET deleted_at = now(), updated_at = now()
    WHERE c.id = ANY (%s::uuid[]) AND c.deleted_at IS NULL
        AND NOT EXISTS (SELECT FROM leads AS l WHERE l.conversation_id = c.id AND l.deleted_at IS NULL OFFSET 0)
    RETURNING c.id
"""
# Not those whose external id another lead has by now. Of two deleted ones with the same id the newer comes back.
_RESTORE: Final = """
    UPDATE leads AS l SET deleted_at = NULL, deleted_by_id = NULL, updated_at = now()
    WHERE l.id = ANY (%(ids)s::uuid[]) AND l.deleted_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM leads AS o WHERE o.user_id = l.user_id AND o.external_id = l.external_id AND o.deleted_at IS NULL
        OFFSET 0) AND NOT EXISTS (
        SELECT FROM leads AS o WHERE o.id = ANY (%(ids)s::uuid[]) AND o.id > l.id AND o.user_id = l.user_id
            AND o.external_id = l.external_id AND o.deleted_at IS NOT NULL OFFSET 0)
    RETURNING l.id, l.conversation_id
"""
# A customer has one active conversation: where there is another by now, what comes back is completed and waits no more.
_RESTORE_CONVERSATIONS: Final = """
    UPDATE conversations AS c SET deleted_at = NULL, updated_at = now(),
        status = CASE WHEN second.is_so THEN 'completed' ELSE c.status END,
        waiting_since = CASE WHEN second.is_so THEN NULL ELSE c.waiting_since END
    FROM conversations AS before CROSS JOIN LATERAL (SELECT before.status = 'active' AND EXISTS (
            SELECT FROM conversations AS o
            WHERE o.customer_id = before.customer_id AND o.id <> before.id AND o.status = 'active'
                AND (o.deleted_at IS NULL OR o.id > before.id AND o.id = ANY (%(ids)s::uuid[])) OFFSET 0)
        ) AS second (is_so)
    WHERE before.id = ANY (%(ids)s::uuid[]) AND before.deleted_at IS NOT NULL AND c.id = before.id
    RETURNING c.id
"""


class DeletionManager(models.Manager[M]):
    def delete_with_conversations(
        self, lead_ids: Collection[UUID], *, person_id: UUID | None
    ) -> tuple[dict[UUID, UUID], set[UUID]]:
        """Mark leads as deleted, and conversations that have no other lead; return the conversation of each lead that
        was not deleted before, and which conversations are deleted now. Caller holds the transaction and has locked the
        customers.
        """
        fetch_rows(_LOCK_CONVERSATIONS, [array(lead_ids)])
        deleted = dict(fetch_rows(_DELETE, [person_id, array(lead_ids)]))
        emptied = fetch_rows(_DELETE_EMPTIED, [array(set(deleted.values()))]) if deleted else []
        return deleted, {conversation_id for (conversation_id,) in emptied}

    def restore_with_conversations(self, lead_ids: Collection[UUID]) -> tuple[dict[UUID, UUID], set[UUID]]:
        """Undo `delete_with_conversations`; return the conversation of each lead that is restored, and which
        conversations are. Leads whose external id is taken by another stay deleted. Caller holds the transaction and
        has locked the customers.

        Raises django.db.IntegrityError: leads_external_id_unique, taken at the same moment.
        """
        fetch_rows(_LOCK_CONVERSATIONS, [array(lead_ids)])
        restored = dict(fetch_rows(_RESTORE, {"ids": array(lead_ids)}))
        conversations = {"ids": array(set(restored.values()))}
        brought = fetch_rows(_RESTORE_CONVERSATIONS, conversations) if restored else []
        return restored, {conversation_id for (conversation_id,) in brought}
