-- Purpose: messages that wait without a number get one: none was connected when they were stored, or that was deleted,
-- switched off or given to somebody else since. They get the business's first active one, if there is one. Of one
-- business, or with NULL of all. Returns how many.
-- Locks: messages; those that somebody holds are passed over. VOLATILE.
CREATE OR REPLACE FUNCTION reroute_messages(p_user_id uuid) RETURNS integer
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_count integer;
BEGIN
    WITH astray AS (
        SELECT m.id, first.id AS channel_id
        FROM messages AS m
        LEFT JOIN channels AS c ON c.id = m.channel_id AND c.user_id = m.user_id AND c.active
        CROSS JOIN LATERAL (
            SELECT id FROM channels WHERE user_id = m.user_id AND active ORDER BY id LIMIT 1
        ) AS first
        WHERE m.status = 'queued' AND c.id IS NULL AND m.user_id = coalesce(p_user_id, m.user_id)
        FOR NO KEY UPDATE OF m SKIP LOCKED
    )
    UPDATE messages AS m SET channel_id = astray.channel_id, updated_at = now()
    FROM astray WHERE m.id = astray.id;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END
$$;
REVOKE EXECUTE ON FUNCTION reroute_messages(uuid) FROM PUBLIC;
