-- Purpose: formats an error (see lead_error) as an entry in the results of create_leads_with_conversations.
-- Locks: none. STABLE.
CREATE OR REPLACE FUNCTION lead_refusal(p_index integer, p_error text[]) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN json_build_object(
        'index', p_index, 'success', false, 'field', p_error[1], 'error', p_error[3],
        'code', CASE WHEN p_error[2] IS NULL THEN 'LD001'
                     WHEN p_error[2] = 'leads_external_id_unique' THEN '23505'
                     ELSE '23514' END,
        'constraint', p_error[2]);
