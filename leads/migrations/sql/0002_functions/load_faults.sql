-- Purpose: the leads of a list that have a fault, with it, by the way in which duplicates are meant (see load_leads). Where
-- a lead that is there may be met again, its external id is no fault, unless it is another customer's lead.
-- Locks: none. STABLE.
CREATE OR REPLACE FUNCTION load_faults(p_user_id uuid, p_leads jsonb, p_on_duplicate text)
    RETURNS TABLE (index integer, fault text[])
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, public, pg_temp
    SET enable_nestloop = off
AS $$
#variable_conflict use_column
BEGIN
    IF p_on_duplicate = 'create' THEN
        RETURN QUERY SELECT f.index, f.fault FROM lead_faults(p_user_id, p_leads) AS f WHERE f.fault IS NOT NULL;
        RETURN;
    END IF;
    RETURN QUERY
    WITH sent AS MATERIALIZED (
        SELECT (item.n - 1)::integer AS index, item.lead, lead_fault(item.lead) AS fault
        FROM jsonb_array_elements(p_leads) WITH ORDINALITY AS item (lead, n)
    ), named AS MATERIALIZED (
        SELECT index, trim_text(lead ->> 'external_id') AS external_id,
               phone_key(normalise_phone(lead ->> 'customer_phone')) AS phone_key
        FROM sent WHERE fault IS NULL AND lead ->> 'external_id' IS NOT NULL
    ), owned AS (
        SELECT l.external_id, (SELECT k.phone_key FROM customers AS k WHERE k.id = (
            SELECT c.customer_id FROM conversations AS c WHERE c.id = l.conversation_id)) AS phone_key
        FROM leads AS l
        WHERE l.user_id = p_user_id AND l.external_id = ANY (ARRAY(SELECT external_id FROM named))
    ), claimed AS (
        SELECT index, external_id, phone_key,
               first_value(phone_key) OVER (PARTITION BY external_id ORDER BY index) AS first_key
        FROM named
    )
    SELECT sent.index, sent.fault FROM sent WHERE sent.fault IS NOT NULL
    UNION ALL
    SELECT claimed.index,
           ARRAY['external_id', 'leads_external_id_unique', 'A lead of another customer has this external_id.']
    FROM claimed LEFT JOIN owned USING (external_id)
    WHERE claimed.phone_key IS DISTINCT FROM CASE WHEN owned.external_id IS NULL THEN claimed.first_key
                                                  ELSE owned.phone_key END;
END
$$;
REVOKE EXECUTE ON FUNCTION load_faults(uuid, jsonb, text) FROM PUBLIC;
