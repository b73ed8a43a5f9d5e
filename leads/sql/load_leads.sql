-- Purpose: the one way by which leads come to be. For each good lead of a JSON list: the customer (made, or found by
-- phone key), the conversation (the customer's active one, or a new one) and the lead; a caller's failure at any point
-- leaves none of them. Doors: insert_leads (REST, admin, the SQL functions for clients) and import_leads.
-- p_on_duplicate, for a lead that is there already, or earlier in the list. The same lead is: the same external id; without
-- one, the same customer, type and details.
--   create  make it again, and give the customer the name that is sent, unless it is a file's (p_run_id). An external id
--           cannot be made again: a fault
--   skip    leave the lead as it is; the name fills a blank one
--   update  give lead and customer what is sent; the last of the list wins
-- p_checked: the caller has seen to it that no lead has a fault. p_run_id: the import run that the leads belong to.
-- Outcomes: created, updated, skipped, failed (with the fault, see lead_fault).
-- Locks: customers in the order of their phone key, then each one's conversation, then leads of theirs. Every writer
-- keeps that order, so overlapping calls wait for each other and do not deadlock. VOLATILE.
CREATE OR REPLACE FUNCTION load_leads(
    p_user_id uuid, p_leads jsonb, p_source text, p_on_duplicate text, p_checked boolean, p_run_id uuid)
    RETURNS TABLE (
        index integer, outcome text, lead_id uuid, conversation_id uuid, conversation_created boolean, fault text[])
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
    v_bad integer[] := '{}';
    v_faults jsonb := '[]';
    v_customers uuid[] := '{}';
    v_keys text[] := '{}';
    v_known uuid[];
    v_seen_leads uuid[] := '{}';
    v_seen_keys text[] := '{}';
BEGIN
    IF NOT p_checked THEN
        SELECT coalesce(array_agg(f.index), '{}'), coalesce(jsonb_agg(f.fault), '[]') INTO v_bad, v_faults
        FROM load_faults(p_user_id, p_leads, p_on_duplicate) AS f;
    END IF;

    IF p_on_duplicate <> 'create' THEN
        -- The upsert locks the row it finds. Whoever comes to be the same lead's maker waits here, so that the
        -- statements below, each with a snapshot of its own, see what the other has made.
        WITH good AS (
            SELECT item.n AS n, normalise_phone(item.lead ->> 'customer_phone') AS phone,
                   phone_key(normalise_phone(item.lead ->> 'customer_phone')) AS phone_key,
                   trim_text(item.lead ->> 'customer_name') AS name
            FROM jsonb_array_elements(p_leads) WITH ORDINALITY AS item (lead, n)
            WHERE item.n - 1 <> ALL (v_bad)
        ), customer AS (
            INSERT INTO customers AS c (user_id, phone, name)
            SELECT DISTINCT ON (phone_key) p_user_id, phone, name FROM good
            ORDER BY phone_key, CASE WHEN p_on_duplicate = 'update' THEN -n ELSE n END
            ON CONFLICT (user_id, phone_key) DO UPDATE SET
                name = CASE WHEN p_on_duplicate = 'update' OR c.name = '' THEN excluded.name ELSE c.name END,
                updated_at = CASE WHEN c.name = '' OR p_on_duplicate = 'update' AND c.name <> excluded.name
                    THEN now() ELSE c.updated_at END
            -- xmax: the row is new (0 means that no transaction has locked or replaced it).
            RETURNING c.id, c.phone_key, c.xmax <> 0 AS was_there
        )
        SELECT coalesce(array_agg(id), '{}'), coalesce(array_agg(phone_key), '{}'), array_agg(id) FILTER (WHERE was_there)
        INTO v_customers, v_keys, v_known FROM customer;
        SELECT coalesce(array_agg(s.lead_id), '{}'), coalesce(array_agg(s.key), '{}') INTO v_seen_leads, v_seen_keys
        FROM seen_leads(p_user_id, p_leads, v_bad, v_known) AS s;
        IF p_on_duplicate = 'update' THEN
            PERFORM correct_leads(p_leads, v_bad, v_seen_leads, v_seen_keys);
        END IF;
    END IF;

    RETURN QUERY
    WITH good AS MATERIALIZED (
        SELECT (item.n - 1)::integer AS index, uuid_v7() AS lead_id, uuid_v7() AS own_conversation_id,
               normalise_phone(item.lead ->> 'customer_phone') AS phone,
               phone_key(normalise_phone(item.lead ->> 'customer_phone')) AS phone_key,
               trim_text(item.lead ->> 'customer_name') AS name,
               coalesce(item.lead ->> 'conversation_status', 'active') AS conversation_status,
               item.lead ->> 'type' AS type, coalesce(item.lead ->> 'details', '') AS details,
               item.lead ->> 'status' AS status, trim_text(item.lead ->> 'external_id') AS external_id,
               CASE WHEN p_on_duplicate = 'create' THEN item.n::text ELSE lead_identity(
                   trim_text(item.lead ->> 'external_id'),
                   phone_key(normalise_phone(item.lead ->> 'customer_phone')), item.lead ->> 'type',
                   coalesce(item.lead ->> 'details', '')) END AS key
        FROM jsonb_array_elements(p_leads) WITH ORDINALITY AS item (lead, n)
        WHERE item.n - 1 <> ALL (v_bad)
    ), wanted AS MATERIALIZED (
        -- One row for each lead that is meant. With update the last one says what it becomes.
        SELECT good.*, seen.lead_id AS seen_id,
               min(good.index) OVER (PARTITION BY good.key) AS first_index,
               row_number() OVER (PARTITION BY good.key
                                  ORDER BY CASE WHEN p_on_duplicate = 'update' THEN -good.index ELSE good.index END) = 1
                   AS counts
        FROM good LEFT JOIN unnest(v_seen_leads, v_seen_keys) AS seen (lead_id, key) ON seen.key = good.key
    ), customer AS (
        -- The upsert locks the row it finds, so that two calls for one customer go one after the other from here
        -- on. DISTINCT ON: one row per customer (a second would raise 21000), and the last name given wins.
        INSERT INTO customers AS c (user_id, phone, name)
        SELECT DISTINCT ON (phone_key) p_user_id, phone, name FROM good
        WHERE p_on_duplicate = 'create' ORDER BY phone_key, index DESC
        ON CONFLICT (user_id, phone_key) DO UPDATE SET
            name = CASE WHEN p_run_id IS NULL OR c.name = '' THEN excluded.name ELSE c.name END, updated_at = now()
        RETURNING c.id, c.phone_key
    ), owner AS (
        SELECT id, phone_key FROM customer
        UNION ALL SELECT known.id, known.phone_key FROM unnest(v_customers, v_keys) AS known (id, phone_key)
    ), placed AS MATERIALIZED (
        SELECT wanted.*, owner.id AS customer_id,
               -- A customer has one active conversation, the first lead's; any other status opens its own.
               conversation_status <> 'active'
                   OR row_number() OVER (PARTITION BY owner.id, conversation_status ORDER BY index) = 1 AS opens
        FROM wanted JOIN owner USING (phone_key) WHERE counts AND seen_id IS NULL
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
        INSERT INTO leads AS l (id, user_id, conversation_id, type, details, status, source, external_id, import_run_id)
        SELECT lead_id, p_user_id, conversation_id, type, details, coalesce(status, 'new'), p_source, external_id, p_run_id
        FROM made
        RETURNING l.id
    )
    SELECT wanted.index,
           CASE WHEN wanted.seen_id IS NULL AND wanted.index = wanted.first_index THEN 'created'
                WHEN p_on_duplicate = 'update' THEN 'updated' ELSE 'skipped' END,
           coalesce(wanted.seen_id, lead.id), made.conversation_id, made.created, NULL::text[]
    FROM wanted LEFT JOIN made ON made.key = wanted.key LEFT JOIN lead ON lead.id = made.lead_id
    UNION ALL
    SELECT bad.index, 'failed', NULL, NULL, NULL, ARRAY(SELECT jsonb_array_elements_text(v_faults -> (bad.n - 1)::integer))
    FROM unnest(v_bad) WITH ORDINALITY AS bad (index, n)
    ORDER BY 1;
END
$$;
REVOKE EXECUTE ON FUNCTION load_leads(uuid, jsonb, text, text, boolean, uuid) FROM PUBLIC;
