-- Purpose: the leads that are there already of those in a JSON list, by lead_identity. p_customers are those of the list's
-- customers that were there before, locked by the caller: leads without external id are looked for among theirs. Of
-- several that are the same the oldest counts.
-- Raises serialization_failure where another customer's lead has taken an external id of a lead that is not in p_bad since
-- load_faults looked: the next try will say so.
-- Locks: none. VOLATILE, so that it sees what was committed while the caller waited for the customers.
CREATE OR REPLACE FUNCTION seen_leads(p_user_id uuid, p_leads jsonb, p_bad integer[], p_customers uuid[])
    RETURNS TABLE (lead_id uuid, key text)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
    SET enable_nestloop = off
AS $$
DECLARE
    v_named text[];
    v_conversations uuid[];
    v_owners uuid[];
BEGIN
    v_named := ARRAY(SELECT DISTINCT trim_text(item.lead ->> 'external_id')
                     FROM jsonb_array_elements(p_leads) WITH ORDINALITY AS item (lead, n)
                     WHERE item.lead ->> 'external_id' IS NOT NULL AND item.n - 1 <> ALL (p_bad));
    IF v_named <> '{}' THEN
        IF EXISTS (SELECT FROM load_faults(p_user_id, p_leads, 'skip') AS f WHERE f.index <> ALL (p_bad)) THEN
            RAISE EXCEPTION 'An external id was taken meanwhile.'
                USING ERRCODE = 'serialization_failure', HINT = 'Try again: the next try says which.';
        END IF;
        RETURN QUERY SELECT l.id, 'id ' || l.external_id FROM leads AS l
        WHERE l.user_id = p_user_id AND l.external_id = ANY (v_named);
    END IF;
    IF p_customers IS NULL THEN
        RETURN;
    END IF;
    -- Step by step, each by an index: joined at once, tables would be read from end to end.
    SELECT array_agg(c.id), array_agg(c.customer_id) INTO v_conversations, v_owners
    FROM conversations AS c WHERE c.customer_id = ANY (p_customers);
    RETURN QUERY
    SELECT DISTINCT ON (2) l.id, lead_identity(NULL, known.phone_key, l.type, l.details)
    FROM leads AS l
    JOIN unnest(v_conversations, v_owners) AS place (conversation_id, customer_id)
        ON place.conversation_id = l.conversation_id
    JOIN (SELECT k.id, k.phone_key FROM customers AS k WHERE k.id = ANY (p_customers)) AS known
        ON known.id = place.customer_id
    WHERE l.conversation_id = ANY (v_conversations) AND l.user_id = p_user_id
    ORDER BY 2, l.id;
END
$$;
REVOKE EXECUTE ON FUNCTION seen_leads(uuid, jsonb, integer[], uuid[]) FROM PUBLIC;
