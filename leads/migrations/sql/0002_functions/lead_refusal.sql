-- Purpose: a fault (see lead_fault) as the entry of one lead in the results of create_leads_with_conversations.
-- Locks: none. STABLE.
CREATE OR REPLACE FUNCTION lead_refusal(p_index integer, p_fault text[]) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN json_build_object(
        'index', p_index, 'success', false, 'field', p_fault[1], 'error', p_fault[3],
        'code', CASE WHEN p_fault[2] IS NULL THEN 'LD001'
                     WHEN p_fault[2] = 'leads_external_id_unique' THEN '23505'
                     ELSE '23514' END,
        'constraint', p_fault[2]);
