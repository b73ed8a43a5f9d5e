-- Purpose: creates one lead with its conversation, for SQL clients; or writes nothing and returns the error. The
-- EXCEPTION block is a subtransaction: what it catches is rolled back.
-- Caught: errors of the input (LD…, classes 22 and 23). Deadlocks, time-outs, serialization failures and lost
-- connections are raised: the caller should repeat the call.
-- SECURITY DEFINER: a SQL client may call this and has no right to any table (Note [Roles]). The body has no dynamic
-- SQL, finds nothing in schemas that a caller can write, and lets no caller turn events off (leadsite.past).
-- Locks: as make_leads. VOLATILE.
CREATE OR REPLACE FUNCTION create_lead_with_conversation(
    p_user_id uuid,
    p_customer_phone text,
    p_customer_name text,
    p_lead_type text,
    p_details text DEFAULT NULL,
    p_conversation_status text DEFAULT 'active',
    p_lead_status text DEFAULT 'new'
) RETURNS json
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
    SET client_min_messages = error
AS $$
DECLARE
    v_made record;
    v_constraint text;
    v_field text;
BEGIN
    PERFORM set_config('leadsite.past', 'off', true);
    SELECT * INTO v_made FROM make_leads(
        p_user_id,
        jsonb_build_array(jsonb_build_object(
            'customer_phone', p_customer_phone, 'customer_name', p_customer_name, 'type', p_lead_type,
            'details', p_details, 'conversation_status', p_conversation_status, 'status', p_lead_status)),
        true);
    RETURN json_build_object('success', true, 'lead_id', v_made.lead_id, 'conversation_id', v_made.conversation_id,
                             'conversation_created', v_made.conversation_created);
EXCEPTION WHEN SQLSTATE 'LD001' OR data_exception OR integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS v_constraint = CONSTRAINT_NAME, v_field = COLUMN_NAME;
    -- For the server's log, with the phone number masked. WARNING, not LOG: with LOG the server would also log the
    -- statement, number and name included. client_min_messages keeps it from the client, who gets the result.
    RAISE WARNING '%', json_build_object(
        'event', 'lead_creation_failed', 'source', 'sql', 'field', v_field, 'sqlstate', SQLSTATE,
        'constraint', nullif(v_constraint, ''), 'phone', CASE WHEN length(p_customer_phone) >= 8
            THEN left(p_customer_phone, 3) || '…' || right(p_customer_phone, 2) ELSE '…' END);
    RETURN json_build_object('success', false, 'error', SQLERRM, 'code', SQLSTATE,
                             'constraint', nullif(v_constraint, ''));
END
$$;
REVOKE EXECUTE ON FUNCTION create_lead_with_conversation(uuid, text, text, text, text, text, text) FROM PUBLIC;
