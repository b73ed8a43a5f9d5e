-- Purpose: the customers behind the people of a delivery, found or made. p_people is a JSON list of {user_id, phone,
-- whatsapp_user_id, name, name_at, at, is_known}, with a phone in E.164, an id, or both; the result holds their
-- customers' ids in that order, null for who is_known but is not here (such a one is not made). A customer is known by WhatsApp user id first, then by phone key, and by what either was before a move
-- (customer_moves). Where the two find different customers nothing is merged: it is the one with an active
-- conversation, else the one with the id. What a person brings along fills what the customer lacks; the profile's
-- name fills a blank name, and of several profile names the earliest counts, in whatever order they come.
-- Locks: the customers; those with a phone in the order of (user, phone key), then those without in the order of
-- (user, WhatsApp user id). Raises 40001 where a customer changed identity in the meantime: try again. VOLATILE.
CREATE FUNCTION identify_customers(p_people jsonb) RETURNS uuid[]
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_customers uuid[];
    v_overtaken boolean;
BEGIN
    WITH RECURSIVE moved AS (
        SELECT (item.n - 1)::integer AS n, (item.person ->> 'user_id')::uuid AS user_id, item.person ->> 'phone' AS phone,
               item.person ->> 'whatsapp_user_id' AS whatsapp_user_id, item.person ->> 'name' AS name,
               (item.person ->> 'name_at')::timestamptz AS name_at, (item.person ->> 'is_known')::boolean AS is_known,
               (item.person ->> 'at')::timestamptz AS at, (item.person ->> 'at')::timestamptz AS wrote_at, 0 AS moves
        FROM jsonb_array_elements(p_people) WITH ORDINALITY AS item (person, n)
        UNION ALL
        -- Who wrote before a move is looked up as what they became by it, and so on to what they are now.
        SELECT moved.n, moved.user_id, coalesce(move.phone, nullif(moved.phone, move.former)),
               coalesce(move.whatsapp_user_id, nullif(moved.whatsapp_user_id, move.former)), moved.name, moved.name_at, moved.is_known,
               move.moved_at, moved.wrote_at, moved.moves + 1
        FROM moved JOIN customer_moves AS move
            ON move.user_id = moved.user_id AND move.former IN (phone_key(moved.phone), moved.whatsapp_user_id)
            AND (move.moved_at > moved.at OR (move.moved_at = moved.at AND moved.moves = 0))
        WHERE moved.moves < 10
    ), person AS MATERIALIZED (
        SELECT DISTINCT ON (n) n, user_id, phone, phone_key(phone) AS phone_key, whatsapp_user_id, name, name_at, is_known, wrote_at
        FROM moved ORDER BY n, moves DESC, at
    ), found AS MATERIALIZED (
        SELECT person.*, by_id.id AS id_by_id, by_id.phone AS phone_by_id, by_phone.id AS id_by_phone,
               CASE
                   WHEN by_id.id IS NULL THEN by_phone.id
                   WHEN by_phone.id IS NULL OR by_phone.active <= by_id.active THEN by_id.id
                   ELSE by_phone.id
               END AS id
        FROM person
        LEFT JOIN LATERAL (
            SELECT c.id, c.phone, EXISTS (SELECT FROM conversations WHERE customer_id = c.id AND status = 'active') AS active
            FROM customers AS c
            WHERE c.user_id = person.user_id AND c.whatsapp_user_id = person.whatsapp_user_id LIMIT 1
        ) AS by_id ON true
        LEFT JOIN LATERAL (
            SELECT c.id, EXISTS (SELECT FROM conversations WHERE customer_id = c.id AND status = 'active') AS active
            FROM customers AS c
            WHERE c.user_id = person.user_id AND c.phone_key = person.phone_key LIMIT 1
        ) AS by_phone ON true
    ), wanted AS MATERIALIZED (
        -- What the customer's row is to hold. An identifier that another customer has stays with that one.
        SELECT n, id, user_id, name, name_at, wrote_at,
               CASE WHEN id = id_by_id AND phone_by_id IS NOT NULL THEN phone_by_id
                    WHEN id = id_by_id AND id_by_phone IS NOT NULL THEN NULL
                    ELSE phone END AS phone,
               CASE WHEN id_by_id IS NULL OR id = id_by_id THEN whatsapp_user_id END AS whatsapp_user_id,
               -- The key under which the row is locked: its phone, unless it has none so far.
               phone_key(CASE WHEN id = id_by_id THEN phone_by_id ELSE phone END) AS phone_key
        FROM found WHERE id IS NOT NULL OR NOT is_known
    ), by_phone AS (
        -- The upsert inserts, or waits for who is just inserting the same, or locks; one row for each customer (a
        -- second would raise 21000).
        INSERT INTO customers AS c (user_id, phone, whatsapp_user_id, name, profile_name, profile_name_at)
        SELECT user_id, (array_agg(phone ORDER BY wrote_at, n))[1],
               (array_agg(whatsapp_user_id ORDER BY wrote_at DESC, n) FILTER (WHERE whatsapp_user_id IS NOT NULL))[1],
               coalesce((array_agg(name ORDER BY name_at, name) FILTER (WHERE name <> ''))[1], ''),
               (array_agg(name ORDER BY name_at, name) FILTER (WHERE name <> ''))[1],
               min(name_at) FILTER (WHERE name <> '')
        FROM wanted WHERE phone_key IS NOT NULL GROUP BY user_id, phone_key ORDER BY user_id, phone_key
        ON CONFLICT (user_id, phone_key) DO UPDATE SET
            whatsapp_user_id = coalesce(excluded.whatsapp_user_id, c.whatsapp_user_id),
            name = CASE WHEN c.name = '' THEN excluded.name
                        WHEN c.name = c.profile_name AND is_said_earlier(
                            excluded.profile_name, excluded.profile_name_at, c.profile_name, c.profile_name_at)
                        THEN excluded.name ELSE c.name END,
            profile_name = CASE WHEN is_said_earlier(
                            excluded.profile_name, excluded.profile_name_at, c.profile_name, c.profile_name_at)
                        THEN excluded.profile_name ELSE c.profile_name END,
            profile_name_at = least(c.profile_name_at, excluded.profile_name_at),
            updated_at = now()
        RETURNING c.id, c.user_id, c.phone_key
    ), by_id AS (
        INSERT INTO customers AS c (user_id, phone, whatsapp_user_id, name, profile_name, profile_name_at)
        SELECT user_id, (array_agg(phone ORDER BY wrote_at, n) FILTER (WHERE phone IS NOT NULL))[1], whatsapp_user_id,
               coalesce((array_agg(name ORDER BY name_at, name) FILTER (WHERE name <> ''))[1], ''),
               (array_agg(name ORDER BY name_at, name) FILTER (WHERE name <> ''))[1],
               min(name_at) FILTER (WHERE name <> '')
        -- The count is always 0 or more; asking for it makes this step wait for the one before.
        FROM wanted WHERE phone_key IS NULL AND (SELECT count(*) FROM by_phone) >= 0
        GROUP BY user_id, whatsapp_user_id ORDER BY user_id, whatsapp_user_id
        ON CONFLICT (user_id, whatsapp_user_id) DO UPDATE SET
            phone = coalesce(c.phone, excluded.phone),
            name = CASE WHEN c.name = '' THEN excluded.name
                        WHEN c.name = c.profile_name AND is_said_earlier(
                            excluded.profile_name, excluded.profile_name_at, c.profile_name, c.profile_name_at)
                        THEN excluded.name ELSE c.name END,
            profile_name = CASE WHEN is_said_earlier(
                            excluded.profile_name, excluded.profile_name_at, c.profile_name, c.profile_name_at)
                        THEN excluded.profile_name ELSE c.profile_name END,
            profile_name_at = least(c.profile_name_at, excluded.profile_name_at),
            updated_at = now()
        RETURNING c.id, c.user_id, c.whatsapp_user_id
    )
    SELECT array_agg(coalesce(by_phone.id, by_id.id) ORDER BY found.n),
           bool_or(wanted.n IS NOT NULL AND coalesce(by_phone.id, by_id.id) IS DISTINCT FROM
                   coalesce(wanted.id, by_phone.id, by_id.id))
    INTO v_customers, v_overtaken
    FROM found
    LEFT JOIN wanted ON wanted.n = found.n
    LEFT JOIN by_phone ON by_phone.user_id = wanted.user_id AND by_phone.phone_key = wanted.phone_key
    LEFT JOIN by_id ON wanted.phone_key IS NULL AND by_id.user_id = wanted.user_id
        AND by_id.whatsapp_user_id = wanted.whatsapp_user_id;

    IF v_overtaken THEN
        RAISE EXCEPTION 'A customer of this delivery changed phone number or WhatsApp user id at the same moment.'
            USING ERRCODE = 'serialization_failure', HINT = 'Repeat the transaction.';
    END IF;
    RETURN v_customers;
END
$$;
REVOKE EXECUTE ON FUNCTION identify_customers(jsonb) FROM PUBLIC;
