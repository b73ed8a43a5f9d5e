-- Purpose: the door for SQL clients with a list: p_leads is a JSON array of objects with the fields of
-- POST /api/leads (customer_phone, customer_name, type, and perhaps details, status, conversation_status,
-- external_id). With p_all_or_nothing one bad lead stops all; without, the good ones are made and each bad one is
-- named. Set-based: a thousand leads are one statement, not a thousand calls.
-- Caught and raised: as create_lead_with_conversation.
-- Locks: as insert_leads. VOLATILE.
CREATE FUNCTION create_leads_with_conversations(p_user_id uuid, p_leads jsonb, p_all_or_nothing boolean DEFAULT true)
    RETURNS json
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_created integer;
    v_failed integer;
    v_results json;
    v_constraint text;
BEGIN
    SELECT count(lead_id), count(fault), coalesce(json_agg(
               CASE WHEN fault IS NULL THEN json_build_object(
                   'index', index, 'success', true, 'lead_id', lead_id, 'conversation_id', conversation_id,
                   'conversation_created', conversation_created)
               ELSE lead_refusal(index, fault) END ORDER BY index), '[]'::json)
    INTO v_created, v_failed, v_results
    FROM insert_leads(p_user_id, p_leads, 'sql', p_skip_faulty => NOT coalesce(p_all_or_nothing, true));
    RETURN json_build_object('success', v_failed = 0, 'created', v_created, 'failed', v_failed, 'results', v_results);
EXCEPTION WHEN SQLSTATE 'LD001' OR data_exception OR integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS v_constraint = CONSTRAINT_NAME;
    RAISE LOG '%', json_build_object('event', 'lead_creation_failed', 'door', 'sql', 'sqlstate', SQLSTATE,
                                     'constraint', nullif(v_constraint, ''), 'phone', '…');
    v_failed := CASE WHEN jsonb_typeof(p_leads) = 'array' THEN jsonb_array_length(p_leads) ELSE 0 END;
    -- Every bad lead is named, not only the one that stopped the rest.
    SELECT coalesce(json_agg(lead_refusal(n::integer - 1, lead_fault(lead)) ORDER BY n), '[]'::json) INTO v_results
    FROM jsonb_array_elements(CASE WHEN v_failed > 0 THEN p_leads ELSE '[]' END) WITH ORDINALITY AS item (lead, n)
    WHERE lead_fault(lead) IS NOT NULL;
    RETURN json_build_object('success', false, 'created', 0, 'failed', v_failed, 'error', SQLERRM, 'code', SQLSTATE,
                             'constraint', nullif(v_constraint, ''), 'results', v_results);
END
$$;
REVOKE EXECUTE ON FUNCTION create_leads_with_conversations(uuid, jsonb, boolean) FROM PUBLIC;
