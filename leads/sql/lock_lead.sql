-- Purpose: locks the customer and the conversation of a business's lead, deleted or not, and returns the conversation;
-- NULL where there is no such lead.
-- Locks: customer, then conversation. VOLATILE.
CREATE OR REPLACE FUNCTION lock_lead(p_user_id uuid, p_lead_id uuid) RETURNS uuid
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_customer_id uuid;
    v_conversation_id uuid;
BEGIN
    -- Repeated where none is found: the customer may just have been merged into another, who has the lead now. A lock
    -- that waited for the undo of a merge has found the row as it was before: then the lead is not that customer's.
    FOR attempt IN 1..3 LOOP
        SELECT k.id INTO v_customer_id FROM customers AS k JOIN conversations AS c ON c.customer_id = k.id
            JOIN leads AS l ON l.conversation_id = c.id
        WHERE l.id = p_lead_id AND l.user_id = p_user_id FOR UPDATE OF k;
        SELECT c.id INTO v_conversation_id FROM conversations AS c
        WHERE c.id = (SELECT l.conversation_id FROM leads AS l WHERE l.id = p_lead_id AND l.user_id = p_user_id)
            AND c.customer_id = v_customer_id
        FOR NO KEY UPDATE;
        EXIT WHEN FOUND;
    END LOOP;
    RETURN v_conversation_id;
END
$$;
REVOKE EXECUTE ON FUNCTION lock_lead(uuid, uuid) FROM PUBLIC;
