-- Purpose: every lead of a list with its fault or NULL: what lead_fault says, and for a lead that is good by itself,
-- whether its external id is taken, by a lead that is there or by an earlier good one of the list.
-- Locks: none. STABLE.
CREATE OR REPLACE FUNCTION lead_faults(p_user_id uuid, p_leads jsonb)
    RETURNS TABLE (index integer, lead jsonb, fault text[])
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH sent AS MATERIALIZED (
        SELECT (item.n - 1)::integer AS index, item.lead, lead_fault(item.lead) AS fault
        FROM jsonb_array_elements(p_leads) WITH ORDINALITY AS item (lead, n)
    ), named AS (
        SELECT index, trim_text(lead ->> 'external_id') AS external_id,
               row_number() OVER (PARTITION BY trim_text(lead ->> 'external_id') ORDER BY index) AS place
        FROM sent WHERE fault IS NULL AND lead ->> 'external_id' IS NOT NULL
    ), taken AS (
        SELECT index FROM named
        WHERE place > 1
            OR EXISTS (SELECT FROM leads WHERE user_id = p_user_id AND external_id = named.external_id)
    )
    SELECT sent.index, sent.lead, CASE
        WHEN taken.index IS NULL THEN sent.fault
        ELSE ARRAY['external_id', 'leads_external_id_unique', 'Another lead has this external_id.']
    END
    FROM sent LEFT JOIN taken USING (index);
END
$$;
