-- Purpose: leads that a client sends, made by load_leads: of a business that there is, and each of them anew. Doors:
-- leads.services.create.create_leads (REST, admin) and the two SQL functions for clients.
-- Faulty leads: with p_skip_faulty they come back with their fault (see lead_faults) and the rest is made; without,
-- the first one is raised, with its field as COLUMN, its constraint, and its place in the list as DETAIL.
-- Locks: as load_leads. VOLATILE.
CREATE OR REPLACE FUNCTION insert_leads(p_user_id uuid, p_leads jsonb, p_source text, p_skip_faulty boolean DEFAULT false)
    RETURNS TABLE (index integer, lead_id uuid, conversation_id uuid, conversation_created boolean, fault text[])
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_index integer;
    v_fault text[];
BEGIN
    IF p_leads IS NULL OR jsonb_typeof(p_leads) <> 'array' THEN
        RAISE EXCEPTION 'The leads must be a JSON array.'
            USING ERRCODE = 'LD001', COLUMN = 'leads', HINT = 'Send a list, also for a single lead.';
    END IF;
    IF NOT EXISTS (SELECT FROM users WHERE id = p_user_id) THEN
        RAISE EXCEPTION 'There is no business with this user id.'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'customers_user_fk', COLUMN = 'user_id',
                  HINT = 'manage.py create_business prints the id of the business it makes.';
    END IF;
    IF NOT p_skip_faulty THEN
        SELECT item.n - 1, lead_fault(item.lead) INTO v_index, v_fault
        FROM jsonb_array_elements(p_leads) WITH ORDINALITY AS item (lead, n)
        WHERE lead_fault(item.lead) IS NOT NULL
        ORDER BY item.n LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION '%', v_fault[3]
                USING ERRCODE = CASE WHEN v_fault[2] IS NULL THEN 'LD001' ELSE 'check_violation' END,
                      COLUMN = v_fault[1], CONSTRAINT = coalesce(v_fault[2], ''), DETAIL = 'index ' || v_index,
                      HINT = 'Nothing was written. Mend this field and send it again.';
        END IF;
    END IF;

    RETURN QUERY
    SELECT made.index, made.lead_id, made.conversation_id, made.conversation_created, made.fault
    FROM load_leads(p_user_id, p_leads, p_source, 'create', NOT p_skip_faulty, NULL) AS made;
END
$$;
REVOKE EXECUTE ON FUNCTION insert_leads(uuid, jsonb, text, boolean) FROM PUBLIC;
