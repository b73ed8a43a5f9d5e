-- Purpose: the conversation for each message of a delivery that is new (or the real one of a placeholder that is here):
-- its index in p_messages and the conversation, opened or reopened where that is called for. p_customers are the
-- customers of the messages at the indexes p_new. What is here already, and a notice to a customer without
-- conversation, is left out. See receive_events for the rules.
-- Locks: the conversations of customers that the caller has locked. VOLATILE.
CREATE OR REPLACE FUNCTION place_messages(p_messages jsonb, p_new integer[], p_customers uuid[], p_placeholders text[])
    RETURNS TABLE (index integer, conversation_id uuid)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH sent AS MATERIALIZED (
        SELECT (item.n - 1)::integer AS index, identified.customer_id,
               (item.message ->> 'user_id')::uuid AS user_id, item.message ->> 'provider_id' AS provider_id,
               item.message ->> 'opens' AS opens, item.message ->> 'direction' AS direction,
               item.message ->> 'kind' = ANY (p_placeholders) AS is_placeholder,
               (item.message ->> 'at')::timestamptz AS at
        FROM jsonb_array_elements(p_messages) WITH ORDINALITY AS item (message, n)
        LEFT JOIN unnest(p_new, p_customers) AS identified (index, customer_id) ON identified.index = item.n - 1
    ), fresh AS MATERIALIZED (
        SELECT DISTINCT ON (sent.user_id, sent.provider_id) sent.*, here.conversation_id
        FROM sent
        LEFT JOIN LATERAL (
            SELECT m.conversation_id, m.kind FROM messages AS m
            WHERE m.user_id = sent.user_id AND m.provider_id = sent.provider_id LIMIT 1
        ) AS here ON true
        WHERE (here.conversation_id IS NULL AND sent.customer_id IS NOT NULL) OR (here.kind = ANY (p_placeholders) AND NOT sent.is_placeholder)
        ORDER BY sent.user_id, sent.provider_id, sent.is_placeholder, sent.index
    ), touched AS (
        SELECT user_id, customer_id, max(at) AS last_message_at,
               max(at) FILTER (WHERE direction = 'in' AND opens <> 'nothing') AS last_inbound_at,
               bool_or(opens <> 'nothing') AS opens, bool_or(opens = 'lead') AS reopens
        FROM fresh WHERE conversation_id IS NULL GROUP BY user_id, customer_id
    ), current AS MATERIALIZED (
        SELECT touched.*, newest.id AS newest_id,
               newest.id IS NOT NULL AND NOT (reopens AND newest.status = 'archived') AS joins,
               reopens AND newest.status = 'completed' AS is_reopened
        FROM touched
        LEFT JOIN LATERAL (
            SELECT c.id, c.status FROM conversations AS c WHERE c.customer_id = touched.customer_id
            ORDER BY (c.status = 'active') DESC, c.id DESC LIMIT 1
        ) AS newest ON true
    ), joined AS (
        UPDATE conversations AS c SET
            status = CASE WHEN current.is_reopened THEN 'active' ELSE c.status END,
            last_message_at = greatest(c.last_message_at, current.last_message_at),
            last_inbound_at = greatest(c.last_inbound_at, current.last_inbound_at),
            updated_at = now()
        FROM current WHERE c.id = current.newest_id AND current.joins
        RETURNING c.id, c.customer_id
    ), opened AS (
        -- DO UPDATE for a writer who does not take the customer's row first: his conversation is joined.
        INSERT INTO conversations AS c (user_id, customer_id, status, last_message_at, last_inbound_at)
        SELECT user_id, customer_id, 'active', last_message_at, last_inbound_at
        FROM current WHERE opens AND NOT joins
        ON CONFLICT (customer_id) WHERE status = 'active' DO UPDATE SET
            last_message_at = greatest(c.last_message_at, excluded.last_message_at),
            last_inbound_at = greatest(c.last_inbound_at, excluded.last_inbound_at),
            updated_at = now()
        RETURNING c.id, c.customer_id
    ), place AS (
        SELECT id, customer_id FROM joined UNION ALL SELECT id, customer_id FROM opened
    )
    SELECT fresh.index, coalesce(fresh.conversation_id, place.id)
    FROM fresh LEFT JOIN place ON place.customer_id = fresh.customer_id AND fresh.conversation_id IS NULL
    WHERE coalesce(fresh.conversation_id, place.id) IS NOT NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION place_messages(jsonb, integer[], uuid[], text[]) FROM PUBLIC;
