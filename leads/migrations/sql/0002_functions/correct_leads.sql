-- Purpose: gives leads that are there what a list says of them: p_seen_leads by p_seen_keys (see seen_leads). Of several in
-- the list that are the same the last one counts; those in p_bad do not. A lead that is so already is left alone. A
-- function of its own, so that who only creates needs no right to update.
-- Locks: the leads, whose customers the caller has locked. VOLATILE.
CREATE OR REPLACE FUNCTION correct_leads(p_leads jsonb, p_bad integer[], p_seen_leads uuid[], p_seen_keys text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    WITH sent AS (
        SELECT item.n, item.lead ->> 'type' AS type, coalesce(item.lead ->> 'details', '') AS details,
               item.lead ->> 'status' AS status,
               lead_identity(trim_text(item.lead ->> 'external_id'),
                             phone_key(normalise_phone(item.lead ->> 'customer_phone')), item.lead ->> 'type',
                             coalesce(item.lead ->> 'details', '')) AS key
        FROM jsonb_array_elements(p_leads) WITH ORDINALITY AS item (lead, n)
        WHERE item.n - 1 <> ALL (p_bad)
    ), last AS MATERIALIZED (
        SELECT DISTINCT ON (seen.lead_id) seen.lead_id, sent.type, sent.details, sent.status
        FROM sent JOIN unnest(p_seen_leads, p_seen_keys) AS seen (lead_id, key) USING (key)
        ORDER BY seen.lead_id, sent.n DESC
    )
    UPDATE leads AS l SET type = last.type, details = last.details, status = coalesce(last.status, l.status),
                          updated_at = now()
    FROM last
    WHERE l.id = last.lead_id
        AND (l.type, l.details, l.status) <> (last.type, last.details, coalesce(last.status, l.status));
END
$$;
REVOKE EXECUTE ON FUNCTION correct_leads(jsonb, integer[], uuid[], text[]) FROM PUBLIC;
