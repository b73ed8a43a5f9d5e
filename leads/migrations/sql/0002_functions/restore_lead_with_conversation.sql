-- Purpose: brings a deleted lead of a business back, and its conversation where that is deleted too, for SQL clients. A
-- conversation that was active is completed now where the customer has another active one, and does not wait for an
-- answer. A lead that is not deleted stays as it is. The same rules as leads/services/delete.py; tests compare both.
-- Failures are returned, with nothing changed: no such lead (P0002); another lead has its external id by now (23505).
-- Raised, SECURITY DEFINER: as delete_lead_with_conversation.
-- Locks: customer, conversation, lead. VOLATILE.
CREATE OR REPLACE FUNCTION restore_lead_with_conversation(p_user_id uuid, p_lead_id uuid) RETURNS json
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_conversation_id uuid;
    v_constraint text;
BEGIN
    PERFORM set_config('leadsite.past', 'off', true);
    v_conversation_id := lock_lead(p_user_id, p_lead_id);
    IF v_conversation_id IS NULL THEN
        RETURN json_build_object('success', false, 'error', 'There is no such lead.', 'code', 'P0002',
                                 'constraint', NULL);
    END IF;
    UPDATE leads SET deleted_at = NULL, deleted_by_id = NULL, updated_at = now()
    WHERE id = p_lead_id AND deleted_at IS NOT NULL;
    UPDATE conversations AS c SET deleted_at = NULL, updated_at = now(),
        status = CASE WHEN second.is_so THEN 'completed' ELSE c.status END,
        waiting_since = CASE WHEN second.is_so THEN NULL ELSE c.waiting_since END
    FROM conversations AS before CROSS JOIN LATERAL (SELECT before.status = 'active' AND EXISTS (
            SELECT FROM conversations AS o WHERE o.customer_id = before.customer_id AND o.status = 'active'
                AND o.deleted_at IS NULL)) AS second (is_so)
    WHERE FOUND AND before.id = v_conversation_id AND before.deleted_at IS NOT NULL AND c.id = before.id;
    RETURN json_build_object('success', true, 'lead_id', p_lead_id, 'conversation_id', v_conversation_id,
                             'conversation_restored', FOUND);
EXCEPTION WHEN unique_violation THEN
    GET STACKED DIAGNOSTICS v_constraint = CONSTRAINT_NAME;
    RETURN json_build_object(
        'success', false, 'error', 'The lead cannot be restored: another lead has its external id by now.'
            || ' Delete that one first.',
        'code', SQLSTATE, 'constraint', v_constraint);
END
$$;
REVOKE EXECUTE ON FUNCTION restore_lead_with_conversation(uuid, uuid) FROM PUBLIC;
