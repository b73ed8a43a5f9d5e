-- Purpose: the customers who wrote messages, or to whom they went, found or made. Of the messages in p_messages (see
-- receive_events) those at p_indexes are looked at; the result holds their customers in the order of p_indexes, null
-- for who is not here and is not made: for a notice, or for a message at p_completing, whose placeholder is here. A customer is known by WhatsApp user id first, then by phone key, and by
-- what either was before a move (customer_moves). Where the two find different customers nothing is merged: it is the
-- one with an active conversation, else the one with the id. What a message brings along fills what the customer
-- lacks; the profile's name fills a blank name, and of several profile names the earliest counts.
-- p_implied collects the moves that nobody told: a known customer with another number or id than the one known, or
-- with a number that has moved beside an id that has not. They change who is who, so nobody is made or changed where
-- there are any, unless p_is_settled: move, and ask again.
-- Locks: the customers; those with a phone in the order of (user, phone key), then those without in the order of
-- (user, WhatsApp user id). Raises 40001 where a customer changed identity in the meantime: try again. VOLATILE.
CREATE FUNCTION identify_customers(
    p_messages jsonb, p_indexes integer[], p_completing integer[], p_is_settled boolean,
    OUT p_customers uuid[], OUT p_implied jsonb)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_overtaken boolean;
BEGIN
    WITH RECURSIVE moved AS (
        SELECT chosen.n, (m.message ->> 'user_id')::uuid AS user_id, m.message ->> 'phone' AS phone,
               m.message ->> 'whatsapp_user_id' AS whatsapp_user_id, m.message ->> 'name' AS name,
               m.message ->> 'opens' = 'nothing' OR chosen.index = ANY (p_completing) AS is_known,
               (m.message ->> 'at')::timestamptz AS at, (m.message ->> 'at')::timestamptz AS wrote_at, 0 AS moves,
               m.message ->> 'phone' AS phone_then, m.message ->> 'whatsapp_user_id' AS id_then
        FROM unnest(p_indexes) WITH ORDINALITY AS chosen (index, n),
             LATERAL (SELECT p_messages -> chosen.index AS message) AS m
        UNION ALL
        -- Who wrote before a move is looked up as what they became by it, and so on to what they are now.
        SELECT moved.n, moved.user_id,
               coalesce(move.phone, CASE WHEN phone_key(moved.phone) <> move.former THEN moved.phone END),
               coalesce(move.whatsapp_user_id, nullif(moved.whatsapp_user_id, move.former)),
               moved.name, moved.is_known, move.moved_at, moved.wrote_at, moved.moves + 1, moved.phone_then,
               moved.id_then
        FROM moved CROSS JOIN LATERAL (
            -- By each identifier the next move alone: a few steps in the index, however many moves there are.
            SELECT next.* FROM unnest(ARRAY[phone_key(moved.phone), moved.whatsapp_user_id]) AS known (former),
            LATERAL (
                SELECT m.* FROM customer_moves AS m
                WHERE m.user_id = moved.user_id AND m.former = known.former AND m.moved_at >= moved.at
                    AND (m.moved_at > moved.at OR moved.moves = 0)
                ORDER BY m.user_id, m.former, m.moved_at LIMIT 1
            ) AS next
            ORDER BY next.moved_at, next.former LIMIT 1
        ) AS move
        WHERE moved.moves < 10
    ), known_as AS MATERIALIZED (
        SELECT DISTINCT ON (n) n, user_id, phone, phone_key(phone) AS phone_key, whatsapp_user_id, nullif(name, '') AS name,
               is_known, wrote_at, moves, at AS moved_at, phone_then, id_then,
               CASE WHEN phone IS NOT NULL AND whatsapp_user_id IS NOT NULL THEN wrote_at END AS both_at
        FROM moved ORDER BY n, moves DESC
    ), paired AS (
        -- Who shows one identifier here and both there is one person.
        SELECT n, user_id, name, is_known, wrote_at, moves, moved_at, phone_then, id_then, both_at,
               CASE WHEN phone IS NULL THEN first_value(phone) OVER (
                   PARTITION BY user_id, whatsapp_user_id ORDER BY phone IS NULL, wrote_at DESC, n) ELSE phone END AS phone,
               CASE WHEN whatsapp_user_id IS NULL THEN first_value(whatsapp_user_id) OVER (
                   PARTITION BY user_id, phone_key ORDER BY whatsapp_user_id IS NULL, wrote_at DESC, n)
                   ELSE whatsapp_user_id END AS whatsapp_user_id
        FROM known_as
    ), person AS MATERIALIZED (
        SELECT *, phone_key(phone) AS phone_key FROM paired
    ), found AS MATERIALIZED (
        SELECT person.*, by_id.id AS id_by_id, by_id.phone AS phone_by_id, by_phone.id AS id_by_phone,
               by_phone.whatsapp_user_id AS id_of_phone, coalesce(by_id.identified_at, by_phone.identified_at) AS identified_at,
               CASE
                   WHEN by_id.id IS NULL THEN by_phone.id
                   WHEN by_phone.id IS NULL OR by_phone.active <= by_id.active THEN by_id.id
                   ELSE by_phone.id
               END AS id
        FROM person
        LEFT JOIN LATERAL (
            SELECT c.id, c.phone, c.identified_at,
                   EXISTS (SELECT FROM conversations WHERE customer_id = c.id AND status = 'active') AS active
            FROM customers AS c
            WHERE c.user_id = person.user_id AND c.whatsapp_user_id = person.whatsapp_user_id LIMIT 1
        ) AS by_id ON true
        LEFT JOIN LATERAL (
            SELECT c.id, c.whatsapp_user_id, c.identified_at,
                   EXISTS (SELECT FROM conversations WHERE customer_id = c.id AND status = 'active') AS active
            FROM customers AS c
            WHERE c.user_id = person.user_id AND c.phone_key = person.phone_key LIMIT 1
        ) AS by_phone ON true
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
    ), told AS (
        -- Whoever bears both identifiers, in the order of time, beside what was said before in this delivery.
        SELECT user_id, phone, phone_key, whatsapp_user_id, wrote_at,
               lag(phone) OVER one_id AS phone_before, lag(whatsapp_user_id) OVER one_phone AS id_before
        FROM known_as WHERE both_at IS NOT NULL
        WINDOW one_id AS (PARTITION BY user_id, whatsapp_user_id ORDER BY wrote_at, n),
               one_phone AS (PARTITION BY user_id, phone_key ORDER BY wrote_at, n)
    ), implied AS MATERIALIZED (
        -- One customer, two numbers or two ids: a move from the older statement to the newer. Against what is here:
        SELECT CASE WHEN wrote_at >= coalesce(identified_at, wrote_at)
            THEN jsonb_build_object(
                'user_id', user_id, 'phone', coalesce(phone_by_id, phone),
                'whatsapp_user_id', coalesce(id_of_phone, whatsapp_user_id),
                'new_phone', phone, 'new_whatsapp_user_id', whatsapp_user_id)
            ELSE jsonb_build_object(
                'user_id', user_id, 'phone', phone, 'whatsapp_user_id', whatsapp_user_id,
                'new_phone', coalesce(phone_by_id, phone), 'new_whatsapp_user_id', coalesce(id_of_phone, whatsapp_user_id))
            END AS move,
            CASE WHEN wrote_at >= coalesce(identified_at, wrote_at) THEN wrote_at ELSE identified_at END AS at
        FROM found
        WHERE both_at IS NOT NULL
            AND ((id = id_by_id AND id_by_phone IS NULL AND phone_key(phone_by_id) <> phone_key)
                OR (id = id_by_phone AND id_by_id IS NULL AND id_of_phone <> whatsapp_user_id))
        UNION ALL
        -- Within this delivery:
        SELECT jsonb_build_object(
            'user_id', user_id, 'phone', coalesce(phone_before, phone),
            'whatsapp_user_id', coalesce(id_before, whatsapp_user_id),
            'new_phone', phone, 'new_whatsapp_user_id', whatsapp_user_id), wrote_at
        FROM told WHERE phone_key(phone_before) <> phone_key OR id_before <> whatsapp_user_id
        UNION ALL
        -- One of two identifiers has moved: so has the other.
        SELECT jsonb_build_object(
            'user_id', user_id, 'phone', phone_then, 'whatsapp_user_id', id_then,
            'new_phone', phone, 'new_whatsapp_user_id', whatsapp_user_id), moved_at
        FROM found WHERE moves > 0 AND phone_then IS NOT NULL AND id_then IS NOT NULL
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
            FROM wanted WHERE is_written AND phone_key IS NOT NULL AND (p_is_settled OR NOT EXISTS (SELECT FROM implied))
            GROUP BY user_id, phone_key
        ) AS one
        ORDER BY user_id, phone_key
        ON CONFLICT (user_id, phone_key) DO UPDATE SET
            whatsapp_user_id = coalesce(c.whatsapp_user_id, excluded.whatsapp_user_id),
            name = CASE WHEN c.name = '' THEN excluded.name
                        WHEN c.name = c.profile_name AND is_said_earlier(
                            excluded.profile_name, excluded.profile_name_at, c.profile_name, c.profile_name_at)
                        THEN excluded.name ELSE c.name END,
            profile_name = CASE WHEN is_said_earlier(
                            excluded.profile_name, excluded.profile_name_at, c.profile_name, c.profile_name_at)
                        THEN excluded.profile_name ELSE c.profile_name END,
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
        FROM wanted WHERE is_written AND phone_key IS NULL AND (p_is_settled OR NOT EXISTS (SELECT FROM implied))
            AND (SELECT count(*) FROM by_phone) >= 0
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
            identified_at = greatest(c.identified_at, excluded.identified_at),
            updated_at = now()
        RETURNING c.id, c.user_id, c.whatsapp_user_id
    )
    SELECT array_agg(coalesce(by_phone.id, by_id.id) ORDER BY wanted.n),
           -- A move that many messages imply happened when the first of them was written.
           (SELECT jsonb_agg(move || jsonb_build_object('at', at))
            FROM (SELECT move, min(at) AS at FROM implied GROUP BY move) AS one),
           bool_or(wanted.is_written AND coalesce(by_phone.id, by_id.id) IS DISTINCT FROM
                   coalesce(wanted.id, by_phone.id, by_id.id))
    INTO p_customers, p_implied, v_overtaken
    FROM wanted
    LEFT JOIN by_phone ON by_phone.user_id = wanted.user_id AND by_phone.phone_key = wanted.phone_key
    LEFT JOIN by_id ON wanted.phone_key IS NULL AND by_id.user_id = wanted.user_id
        AND by_id.whatsapp_user_id = wanted.whatsapp_user_id;

    IF v_overtaken AND (p_is_settled OR p_implied IS NULL) THEN
        RAISE EXCEPTION 'A customer of this delivery changed phone number or WhatsApp user id at the same moment.'
            USING ERRCODE = 'serialization_failure', HINT = 'Repeat the transaction.';
    END IF;
END
$$;
REVOKE EXECUTE ON FUNCTION identify_customers(jsonb, integer[], integer[], boolean) FROM PUBLIC;
