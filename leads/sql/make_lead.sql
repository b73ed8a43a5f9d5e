-- Purpose: inserts one lead of a SQL client, in the customer's active conversation or a new one. The caller has locked
-- the customer's row (make_leads); p_lead has no error (lead_error). p_person: whose turn it is, or null.
-- Locks: the conversation. VOLATILE, so that it sees what was committed while the caller waited for the customer.
CREATE OR REPLACE FUNCTION make_lead(
    p_user_id uuid, p_customer_id uuid, p_lead jsonb, p_person uuid,
    OUT lead_id uuid, OUT conversation_id uuid, OUT conversation_created boolean)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    -- DO UPDATE, not DO NOTHING: it returns the existing row in its current state, and waits for a transaction that is
    -- closing it. xmax is 0 in a row that this statement inserted, and not 0 in one that it updated.
    INSERT INTO conversations AS c (user_id, customer_id, status)
    VALUES (p_user_id, p_customer_id, coalesce(p_lead ->> 'conversation_status', 'active'))
    ON CONFLICT (customer_id) WHERE status = 'active' AND deleted_at IS NULL DO UPDATE SET updated_at = now()
    RETURNING c.id, c.xmax = 0 INTO conversation_id, conversation_created;

    IF p_person IS NOT NULL THEN
        UPDATE conversations AS c SET assigned_to_id = p_person
        WHERE c.id = make_lead.conversation_id AND c.assigned_to_id IS NULL;
    END IF;
    INSERT INTO leads AS l (user_id, conversation_id, type, details, status, source, external_id, assigned_to_id)
    VALUES (p_user_id, make_lead.conversation_id, p_lead ->> 'type', coalesce(p_lead ->> 'details', ''),
            coalesce(p_lead ->> 'status', 'new'), 'sql', trim_text(p_lead ->> 'external_id'), p_person)
    RETURNING l.id INTO lead_id;
END
$$;
REVOKE EXECUTE ON FUNCTION make_lead(uuid, uuid, jsonb, uuid) FROM PUBLIC;
