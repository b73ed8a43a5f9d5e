-- Purpose: the one way by which leads come to be. For each lead of a JSON list: the customer (made, or found by
-- phone key and renamed), the conversation (the customer's active one, or a new one) and the lead, all in one
-- statement; a caller's failure at any point leaves none of them. Doors: leads.services.create.create_leads (REST, admin,
-- import, webhook) and the two SQL functions for clients.
-- Faulty leads: with p_skip_faulty they come back with their fault (see lead_faults) and the rest is made; without,
-- the first one is raised, with its field as COLUMN, its constraint, and its place in the list as DETAIL.
-- Locks: customers in the order of their phone key, then each one's conversation, then nothing that exists. Every
-- writer keeps that order, so overlapping calls wait for each other and do not deadlock. VOLATILE.
CREATE FUNCTION insert_leads(p_user_id uuid, p_leads jsonb, p_source text, p_skip_faulty boolean DEFAULT false)
    RETURNS TABLE (index integer, lead_id uuid, conversation_id uuid, conversation_created boolean, fault text[])
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
    -- The planner knows nothing of a list before it is read. Left alone it plans the statement anew at each call,
    -- which takes as long as the work for one lead, and joins the steps of a long list by nested loops: 5000 leads
    -- took 3.9 s, and take 0.34 s with these two.
    SET plan_cache_mode = force_generic_plan
    SET enable_nestloop = off
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
    WITH sent AS MATERIALIZED (
        SELECT index, lead, fault FROM lead_faults(p_user_id, p_leads) WHERE p_skip_faulty
        UNION ALL
        SELECT (item.n - 1)::integer, item.lead, NULL::text[]
        FROM jsonb_array_elements(p_leads) WITH ORDINALITY AS item (lead, n) WHERE NOT p_skip_faulty
    ), good AS MATERIALIZED (
        SELECT index, uuid_v7() AS lead_id, uuid_v7() AS own_conversation_id,
               normalise_phone(lead ->> 'customer_phone') AS phone,
               phone_key(normalise_phone(lead ->> 'customer_phone')) AS phone_key,
               trim_text(lead ->> 'customer_name') AS name,
               coalesce(lead ->> 'conversation_status', 'active') AS conversation_status,
               lead ->> 'type' AS type, coalesce(lead ->> 'details', '') AS details,
               coalesce(lead ->> 'status', 'new') AS status, trim_text(lead ->> 'external_id') AS external_id
        FROM sent WHERE fault IS NULL
    ), customer AS (
        -- The upsert locks the row it finds, so that two calls for one customer go one after the other from here
        -- on. DISTINCT ON: one row per customer (a second would raise 21000), and the last name given wins.
        INSERT INTO customers AS c (user_id, phone, name)
        SELECT DISTINCT ON (phone_key) p_user_id, phone, name FROM good ORDER BY phone_key, index DESC
        ON CONFLICT (user_id, phone_key) DO UPDATE SET name = excluded.name, updated_at = now()
        RETURNING c.id, c.phone_key
    ), placed AS MATERIALIZED (
        SELECT good.*, customer.id AS customer_id,
               -- A customer has one active conversation, the first lead's; any other status opens its own.
               conversation_status <> 'active'
                   OR row_number() OVER (PARTITION BY customer.id, conversation_status ORDER BY index) = 1 AS opens
        FROM good JOIN customer USING (phone_key)
    ), conversation AS (
        -- DO UPDATE and not DO NOTHING: it returns the id of the row that is there, as it is now, and waits for a
        -- writer who is just closing it.
        INSERT INTO conversations AS c (id, user_id, customer_id, status)
        SELECT own_conversation_id, p_user_id, customer_id, conversation_status FROM placed WHERE opens
        ON CONFLICT (customer_id) WHERE status = 'active' DO UPDATE SET updated_at = now()
        RETURNING c.id, c.customer_id, c.status
    ), made AS MATERIALIZED (
        SELECT placed.*, conversation.id AS conversation_id, conversation.id = own_conversation_id AS created
        FROM placed JOIN conversation
            ON conversation.customer_id = placed.customer_id AND conversation.status = placed.conversation_status
            AND (placed.conversation_status = 'active' OR conversation.id = placed.own_conversation_id)
    ), lead AS (
        INSERT INTO leads AS l (id, user_id, conversation_id, type, details, status, source, external_id)
        SELECT lead_id, p_user_id, conversation_id, type, details, status, p_source, external_id FROM made
        RETURNING l.id
    )
    SELECT made.index, lead.id, made.conversation_id, made.created, NULL::text[]
    FROM made JOIN lead ON lead.id = made.lead_id
    UNION ALL
    SELECT sent.index, NULL, NULL, NULL, sent.fault FROM sent WHERE sent.fault IS NOT NULL
    ORDER BY 1;
END
$$;
REVOKE EXECUTE ON FUNCTION insert_leads(uuid, jsonb, text, boolean) FROM PUBLIC;
