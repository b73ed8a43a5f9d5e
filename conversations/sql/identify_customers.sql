-- Purpose: the customers who wrote messages, or to whom they went, found or made. Of the messages in p_messages (see
-- receive_events) those at p_indexes are looked at; the result holds their customers in the order of p_indexes, null
-- for who is not here and is not made. resolve_people says who is who. Where number and id belong to two customers
-- nothing is merged. What a message brings along fills what the customer lacks; the profile's name fills a blank name,
-- and of several profile names the earliest counts.
-- Null, and nothing done, where messages contradict what is known of somebody, unless p_is_settled: first
-- move_customers(implied_moves(…)), which changes who is who.
-- Locks: the customers; those with a phone in the order of (user, phone key), then those without in the order of
-- (user, WhatsApp user id). Raises 40001 where a customer changed identity in the meantime: try again. VOLATILE.
CREATE OR REPLACE FUNCTION identify_customers(
    p_messages jsonb, p_indexes integer[], p_completing integer[], p_is_settled boolean) RETURNS uuid[]
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_customers uuid[];
    v_is_open boolean;
    v_is_overtaken boolean;
BEGIN
    WITH found AS MATERIALIZED (
        SELECT * FROM resolve_people(p_messages, p_indexes, p_completing)
    ), question AS MATERIALIZED (
        SELECT bool_or(contradicts) AND NOT p_is_settled AS is_open FROM found
    ), wanted AS MATERIALIZED (
        -- What the customer's row is to hold. An identifier that another customer has stays with that one.
        SELECT n, id, user_id, name, wrote_at, both_at, id IS NOT NULL OR NOT is_known AS is_written,
               CASE WHEN id = id_by_id AND phone_by_id IS NOT NULL THEN phone_by_id
                    WHEN id = id_by_id AND id_by_phone IS NOT NULL AND id_by_phone <> id THEN NULL
                    ELSE phone END AS phone,
               CASE WHEN id_by_id IS NULL OR id = id_by_id THEN whatsapp_user_id END AS whatsapp_user_id,
               -- The key under which the row is locked: its phone, unless it has none so far.
               phone_key(CASE WHEN id = id_by_id THEN phone_by_id ELSE phone END) AS phone_key
        FROM found
    ), by_phone AS (
        -- The upsert inserts, or waits for who is just inserting the same, or locks; one row for each customer (a
        -- second would raise 21000).
        INSERT INTO customers AS c (user_id, phone, whatsapp_user_id, name, profile_name, profile_name_at, identified_at)
        SELECT user_id, phone, CASE WHEN rank() OVER (PARTITION BY user_id, whatsapp_user_id ORDER BY phone_key) = 1
               THEN whatsapp_user_id END, coalesce(name, ''), name, CASE WHEN name IS NOT NULL THEN name_at END, both_at
        FROM (
            SELECT user_id, phone_key, (array_agg(phone ORDER BY wrote_at, n))[1] AS phone,
                   (array_agg(whatsapp_user_id ORDER BY wrote_at DESC, n)
                       FILTER (WHERE whatsapp_user_id IS NOT NULL))[1] AS whatsapp_user_id,
                   (array_agg(name ORDER BY wrote_at, name) FILTER (WHERE name IS NOT NULL))[1] AS name,
                   min(wrote_at) FILTER (WHERE name IS NOT NULL) AS name_at, max(both_at) AS both_at
            FROM wanted WHERE is_written AND phone_key IS NOT NULL AND NOT (SELECT is_open FROM question)
            GROUP BY user_id, phone_key
        ) AS one
        ORDER BY user_id, phone_key
        ON CONFLICT (user_id, phone_key) DO UPDATE SET
            whatsapp_user_id = coalesce(c.whatsapp_user_id, excluded.whatsapp_user_id),
            name = kept_name(c.name, c.profile_name, earlier_name(
                excluded.profile_name, excluded.profile_name_at, c.profile_name, c.profile_name_at)),
            profile_name = earlier_name(
                excluded.profile_name, excluded.profile_name_at, c.profile_name, c.profile_name_at),
            profile_name_at = least(c.profile_name_at, excluded.profile_name_at),
            identified_at = greatest(c.identified_at, excluded.identified_at),
            updated_at = now()
        RETURNING c.id, c.user_id, c.phone_key
    ), by_id AS (
        INSERT INTO customers AS c (user_id, phone, whatsapp_user_id, name, profile_name, profile_name_at, identified_at)
        SELECT user_id, (array_agg(phone ORDER BY wrote_at, n) FILTER (WHERE phone IS NOT NULL))[1], whatsapp_user_id,
               coalesce((array_agg(name ORDER BY wrote_at, name) FILTER (WHERE name IS NOT NULL))[1], ''),
               (array_agg(name ORDER BY wrote_at, name) FILTER (WHERE name IS NOT NULL))[1],
               min(wrote_at) FILTER (WHERE name IS NOT NULL), max(both_at)
        -- The count is always 0 or more; asking for it makes this step wait for the one before.
        FROM wanted WHERE is_written AND phone_key IS NULL AND NOT (SELECT is_open FROM question)
            AND (SELECT count(*) FROM by_phone) >= 0
        GROUP BY user_id, whatsapp_user_id ORDER BY user_id, whatsapp_user_id
        ON CONFLICT (user_id, whatsapp_user_id) DO UPDATE SET
            phone = coalesce(c.phone, excluded.phone),
            name = kept_name(c.name, c.profile_name, earlier_name(
                excluded.profile_name, excluded.profile_name_at, c.profile_name, c.profile_name_at)),
            profile_name = earlier_name(
                excluded.profile_name, excluded.profile_name_at, c.profile_name, c.profile_name_at),
            profile_name_at = least(c.profile_name_at, excluded.profile_name_at),
            identified_at = greatest(c.identified_at, excluded.identified_at),
            updated_at = now()
        RETURNING c.id, c.user_id, c.whatsapp_user_id
    )
    SELECT array_agg(coalesce(by_phone.id, by_id.id) ORDER BY wanted.n), (SELECT is_open FROM question),
           bool_or(wanted.is_written AND coalesce(by_phone.id, by_id.id) IS DISTINCT FROM
                   coalesce(wanted.id, by_phone.id, by_id.id))
    INTO v_customers, v_is_open, v_is_overtaken
    FROM wanted
    LEFT JOIN by_phone ON by_phone.user_id = wanted.user_id AND by_phone.phone_key = wanted.phone_key
    LEFT JOIN by_id ON wanted.phone_key IS NULL AND by_id.user_id = wanted.user_id
        AND by_id.whatsapp_user_id = wanted.whatsapp_user_id;

    IF v_is_open THEN
        RETURN NULL;
    END IF;
    IF v_is_overtaken THEN
        RAISE EXCEPTION 'A customer of this delivery changed phone number or WhatsApp user id at the same moment.'
            USING ERRCODE = 'serialization_failure', HINT = 'Repeat the transaction.';
    END IF;
    RETURN v_customers;
END
$$;
REVOKE EXECUTE ON FUNCTION identify_customers(jsonb, integer[], integer[], boolean) FROM PUBLIC;
