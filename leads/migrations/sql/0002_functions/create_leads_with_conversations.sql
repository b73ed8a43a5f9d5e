-- Purpose: creates a list of leads, for SQL clients. p_leads is a JSON array of objects with the fields of
-- POST /api/leads (customer_phone, customer_name, type; optional: details, status, conversation_status, external_id).
-- With p_all_or_nothing one invalid lead prevents all; without, the valid ones are created and the errors of the others
-- are in the results.
-- Caught and raised, logged as WARNING, and SECURITY DEFINER: as create_lead_with_conversation.
-- Locks: as make_leads. VOLATILE.
CREATE OR REPLACE FUNCTION create_leads_with_conversations(
    p_user_id uuid,
    p_leads jsonb,
    p_all_or_nothing boolean DEFAULT true
) RETURNS json
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
    SET client_min_messages = error
AS $$
DECLARE
    v_created integer;
    v_failed integer;
    v_results json;
    v_constraint text;
BEGIN
    PERFORM set_config('leadsite.past', 'off', true);
    SELECT count(lead_id), count(refusal), coalesce(json_agg(coalesce(refusal, json_build_object(
               'index', index, 'success', true, 'lead_id', lead_id, 'conversation_id', conversation_id,
               'conversation_created', conversation_created)) ORDER BY index), '[]'::json)
    INTO v_created, v_failed, v_results
    FROM make_leads(p_user_id, p_leads, coalesce(p_all_or_nothing, true));
    IF v_failed > 0 THEN
        RAISE WARNING '%', json_build_object('event', 'lead_creation_failed', 'source', 'sql', 'failed', v_failed);
    END IF;
    RETURN json_build_object('success', v_failed = 0, 'created', v_created, 'failed', v_failed, 'results', v_results);
EXCEPTION WHEN SQLSTATE 'LD001' OR data_exception OR integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS v_constraint = CONSTRAINT_NAME;
    IF v_constraint = 'leads_external_id_unique' AND NOT coalesce(p_all_or_nothing, true) THEN
        -- Another session has committed it since lead_errors looked: a second attempt sees that, but in no older
        -- snapshot.
        IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
            RAISE serialization_failure USING MESSAGE = 'An external_id was taken.', HINT = 'Repeat the transaction.';
        END IF;
        RETURN create_leads_with_conversations(p_user_id, p_leads, false);
    END IF;
    RAISE WARNING '%', json_build_object('event', 'lead_creation_failed', 'source', 'sql', 'sqlstate', SQLSTATE,
                                         'constraint', nullif(v_constraint, ''));
    v_failed := CASE WHEN jsonb_typeof(p_leads) = 'array' THEN jsonb_array_length(p_leads) ELSE 0 END;
    -- The results name every invalid lead, not only the first.
    SELECT coalesce(json_agg(refusal ORDER BY index), '[]'::json) INTO v_results
    FROM lead_errors(p_user_id, CASE WHEN v_failed > 0 THEN p_leads ELSE '[]' END);
    RETURN json_build_object(
        'success', false, 'created', 0, 'failed', v_failed,
        'error', CASE v_constraint WHEN 'leads_external_id_unique' THEN 'Another lead has this external_id.'
                                   ELSE SQLERRM END,
        'code', SQLSTATE, 'constraint', nullif(v_constraint, ''), 'results', v_results);
END
$$;
REVOKE EXECUTE ON FUNCTION create_leads_with_conversations(uuid, jsonb, boolean) FROM PUBLIC;
