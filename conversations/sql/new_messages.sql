-- Purpose: the messages of p_messages (see receive_events) that are not here yet, and those that are the real ones of
-- placeholders that are here, as indexes: one for each (business, provider_id), a real one rather than a placeholder.
-- Asked before anybody is locked, so that a repeated delivery touches no customer; place_messages asks again then.
-- Locks: none. STABLE.
CREATE OR REPLACE FUNCTION new_messages(
    p_messages jsonb, p_placeholders text[], OUT p_new integer[], OUT p_completing integer[])
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    SELECT coalesce(array_agg(sent.index ORDER BY sent.index), '{}'),
           coalesce(array_agg(sent.index) FILTER (WHERE here.kind IS NOT NULL), '{}')
    INTO p_new, p_completing
    FROM (
        SELECT DISTINCT ON (item.message ->> 'user_id', item.message ->> 'provider_id')
               (item.n - 1)::integer AS index, (item.message ->> 'user_id')::uuid AS user_id,
               item.message ->> 'provider_id' AS provider_id,
               item.message ->> 'kind' = ANY (p_placeholders) AS is_placeholder
        FROM jsonb_array_elements(p_messages) WITH ORDINALITY AS item (message, n)
        ORDER BY item.message ->> 'user_id', item.message ->> 'provider_id',
                 item.message ->> 'kind' = ANY (p_placeholders), item.n
    ) AS sent
    LEFT JOIN LATERAL (
        SELECT m.kind FROM messages AS m
        WHERE m.user_id = sent.user_id AND m.provider_id = sent.provider_id LIMIT 1
    ) AS here ON true
    WHERE here.kind IS NULL OR (here.kind = ANY (p_placeholders) AND NOT sent.is_placeholder);
END
$$;
REVOKE EXECUTE ON FUNCTION new_messages(jsonb, text[]) FROM PUBLIC;
