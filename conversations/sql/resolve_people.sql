-- Purpose: who is behind messages, without changing anything. Of p_messages (see receive_events) those at p_indexes, each
-- as row n: the identifiers that the sender has by now (customer_moves says what became of former ones; another message
-- of the same delivery may add the missing one), and the customers who have them.
--   phone, phone_key, whatsapp_user_id   now; phone_then, id_then: as the message says, where that has moved (moved_at)
--   both_at                              when it was written, of a message that bears both identifiers
--   phone_before, id_before              what the message before said, of those here that bear both
--   id_by_id, phone_by_id                the customer with the id, and that one's phone
--   id_by_phone, id_of_phone             the customer with the number, and that one's id
--   id                                   of the two the one with an active conversation, else the one with the id
--   is_known                             a notice, or the message of a placeholder (p_completing): nobody is made for it
--   contradicts                          it says of a person what is not known of him yet: see implied_moves
-- Locks: none. STABLE.
CREATE OR REPLACE FUNCTION resolve_people(p_messages jsonb, p_indexes integer[], p_completing integer[])
    RETURNS TABLE (
        n integer, user_id uuid, phone text, phone_key text, whatsapp_user_id text, name text, is_known boolean, wrote_at timestamptz, both_at timestamptz,
        phone_then text, id_then text, moved_at timestamptz, phone_before text, id_before text,
        id_by_id uuid, phone_by_id text, id_by_phone uuid, id_of_phone text, identified_at timestamptz, id uuid, contradicts boolean)
    LANGUAGE plpgsql STABLE ROWS 100
    SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
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
                   ELSE whatsapp_user_id END AS whatsapp_user_id,
               -- What the message before this one said, of those in this delivery that bear both.
               CASE WHEN both_at IS NOT NULL THEN lag(phone) OVER (
                   PARTITION BY user_id, whatsapp_user_id ORDER BY both_at, n) END AS phone_before,
               CASE WHEN both_at IS NOT NULL THEN lag(whatsapp_user_id) OVER (
                   PARTITION BY user_id, phone_key ORDER BY both_at, n) END AS id_before
        FROM known_as
    ), person AS MATERIALIZED (
        SELECT *, phone_key(phone) AS phone_key FROM paired
    ), found AS (
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
    )
    SELECT n::integer, user_id, phone, phone_key, whatsapp_user_id, name, is_known, wrote_at, both_at,
           phone_then, id_then, CASE WHEN moves > 0 THEN moved_at END, phone_before, id_before,
           id_by_id, phone_by_id::text, id_by_phone, id_of_phone::text, identified_at, id,
           (both_at IS NOT NULL AND (
                (id = id_by_id AND id_by_phone IS NULL AND phone_key(phone_by_id) <> phone_key)
                OR (id = id_by_phone AND id_by_id IS NULL AND id_of_phone <> whatsapp_user_id)
                OR phone_key(phone_before) <> phone_key OR id_before <> whatsapp_user_id)) IS TRUE
           OR (moves > 0 AND phone_then IS NOT NULL AND id_then IS NOT NULL)
    FROM found;
END
$$;
REVOKE EXECUTE ON FUNCTION resolve_people(jsonb, integer[], integer[]) FROM PUBLIC;
