-- Purpose: the moves that messages imply without anybody telling them, as move_customers takes them: of one customer two
-- numbers or two ids, from the older statement to the newer. One that many messages imply happened when the first of
-- them was written. For the arguments see resolve_people; null where there are none.
-- Locks: none. STABLE.
CREATE OR REPLACE FUNCTION implied_moves(p_messages jsonb, p_indexes integer[], p_completing integer[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    RETURN (
        WITH person AS MATERIALIZED (
            SELECT *, wrote_at >= coalesce(identified_at, wrote_at) AS is_newer
            FROM resolve_people(p_messages, p_indexes, p_completing) WHERE contradicts
        ), implied AS (
            -- Against the customer who is here:
            SELECT CASE WHEN is_newer
                THEN jsonb_build_object(
                    'user_id', user_id, 'phone', coalesce(phone_by_id, phone),
                    'whatsapp_user_id', coalesce(id_of_phone, whatsapp_user_id),
                    'new_phone', phone, 'new_whatsapp_user_id', whatsapp_user_id)
                ELSE jsonb_build_object(
                    'user_id', user_id, 'phone', phone, 'whatsapp_user_id', whatsapp_user_id,
                    'new_phone', coalesce(phone_by_id, phone),
                    'new_whatsapp_user_id', coalesce(id_of_phone, whatsapp_user_id))
                END AS move, CASE WHEN is_newer THEN wrote_at ELSE identified_at END AS at
            FROM person
            WHERE both_at IS NOT NULL
                AND ((id = id_by_id AND id_by_phone IS NULL AND phone_key(phone_by_id) <> phone_key)
                    OR (id = id_by_phone AND id_by_id IS NULL AND id_of_phone <> whatsapp_user_id))
            UNION ALL
            -- Within this delivery:
            SELECT jsonb_build_object(
                'user_id', user_id, 'phone', coalesce(phone_before, phone),
                'whatsapp_user_id', coalesce(id_before, whatsapp_user_id),
                'new_phone', phone, 'new_whatsapp_user_id', whatsapp_user_id), wrote_at
            FROM person
            WHERE both_at IS NOT NULL AND (phone_key(phone_before) <> phone_key OR id_before <> whatsapp_user_id)
            UNION ALL
            -- One of two identifiers has moved: so has the other.
            SELECT jsonb_build_object(
                'user_id', user_id, 'phone', phone_then, 'whatsapp_user_id', id_then,
                'new_phone', phone, 'new_whatsapp_user_id', whatsapp_user_id), moved_at
            FROM person WHERE moved_at IS NOT NULL AND phone_then IS NOT NULL AND id_then IS NOT NULL
        )
        SELECT jsonb_agg(move || jsonb_build_object('at', at))
        FROM (SELECT move, min(at) AS at FROM implied GROUP BY move) AS one
    );
END
$$;
REVOKE EXECUTE ON FUNCTION implied_moves(jsonb, integer[], integer[]) FROM PUBLIC;
