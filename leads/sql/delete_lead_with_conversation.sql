-- Purpose: deletes a lead of a business, and its conversation where it was the last lead there, for SQL clients: both
-- are hidden and can be restored until the worker removes them. The same rules as leads/services/delete.py; tests
-- compare both. Where there is no such lead, or it is deleted already, the answer is a failure with the code P0002, and
-- nothing changes.
-- Deadlocks, time-outs, serialization failures and lost connections are raised: the caller should repeat the call.
-- SECURITY DEFINER: as create_lead_with_conversation.
-- Locks: customer, conversation, lead. VOLATILE, so that each statement sees what was committed while it waited.
CREATE OR REPLACE FUNCTION delete_lead_with_conversation(p_user_id uuid, p_lead_id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_conversation_id uuid;
BEGIN
    PERFORM set_config('leadsite.past', 'off', true);
    v_conversation_id := lock_lead(p_user_id, p_lead_id);
    UPDATE leads SET deleted_at = now(), deleted_by_id = NULL, updated_at = now()
    WHERE id = p_lead_id AND conversation_id = v_conversation_id AND deleted_at IS NULL;
    IF NOT FOUND THEN
        RETURN json_build_object('success', false, 'error', 'There is no such lead.', 'code', 'P0002',
                                 'constraint', NULL);
    END IF;
    UPDATE conversations AS c SET deleted_at = now(), updated_at = now()
    WHERE c.id = v_conversation_id AND c.deleted_at IS NULL
        AND NOT EXISTS (SELECT FROM leads AS l WHERE l.conversation_id = c.id AND l.deleted_at IS NULL);
    RETURN json_build_object('success', true, 'lead_id', p_lead_id, 'conversation_id', v_conversation_id,
                             'conversation_deleted', FOUND);
END
$$;
REVOKE EXECUTE ON FUNCTION delete_lead_with_conversation(uuid, uuid) FROM PUBLIC;
