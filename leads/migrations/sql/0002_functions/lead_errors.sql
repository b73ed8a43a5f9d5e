-- Purpose: the errors of a list of leads, by index: that of lead_error, or that the external id is taken, by a stored
-- lead or by an earlier valid one of the list. Each is an entry in the results of create_leads_with_conversations.
-- Locks: none. STABLE.
CREATE OR REPLACE FUNCTION lead_errors(p_user_id uuid, p_leads jsonb)
    RETURNS TABLE (index integer, refusal json)
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH sent AS MATERIALIZED (
        SELECT (item.n - 1)::integer AS index, lead_error(item.lead) AS error,
               trim_text(item.lead ->> 'external_id') AS external_id
        FROM jsonb_array_elements(p_leads) WITH ORDINALITY AS item (lead, n)
    ), named AS (
        SELECT index, external_id, row_number() OVER (PARTITION BY external_id ORDER BY index) AS place
        FROM sent WHERE error IS NULL AND external_id IS NOT NULL
    ), errors (index, error, code) AS (
        SELECT index, error, CASE WHEN error[2] IS NULL THEN 'LD001' ELSE '23514' END FROM sent WHERE error IS NOT NULL
        UNION ALL
        SELECT named.index,
               ARRAY['external_id', 'leads_external_id_unique', 'Another lead has this external_id.'], '23505'
        FROM named LEFT JOIN LATERAL (
            SELECT l.id FROM leads AS l WHERE l.user_id = p_user_id AND l.external_id = named.external_id
                AND l.deleted_at IS NULL LIMIT 1
        ) AS taken ON true
        WHERE named.place > 1 OR taken.id IS NOT NULL
    )
    SELECT index, json_build_object('index', index, 'success', false, 'field', error[1], 'error', error[3],
                                    'code', code, 'constraint', error[2])
    FROM errors;
END
$$;
