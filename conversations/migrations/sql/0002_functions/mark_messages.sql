-- Purpose: what became of messages that went out. p_statuses is a JSON list of {user_id, provider_id, status, at,
-- error, details, message_id}. The highest rank counts (message_status_rank), and the error that was reported first,
-- whatever the order in which they come. A status whose message is not here stays in parked_statuses until it is.
-- message_id is what we gave the provider along with the message: our own id of it, or null. It brings a message of
-- which nobody knows whether it was sent together with the provider's id for it.
-- Every status goes through parked_statuses, known message or not, and so does every message that is recorded as sent:
-- a message and its status that come at the same moment meet at that row's unique key, the second waits for the
-- first, and finds what the first has left.
-- Locks: parked_statuses in the order of (user, provider id), then their messages. VOLATILE.
CREATE OR REPLACE FUNCTION mark_messages(p_statuses jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_ids uuid[];
BEGIN
    WITH reported AS (
        SELECT user_id, provider_id, status, to_char(min(at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at,
               (array_agg(error ORDER BY at, error))[1] AS error, (array_agg(details ORDER BY details DESC))[1] AS details
        FROM jsonb_to_recordset(p_statuses) AS item (
            user_id uuid, provider_id text, status text, at timestamptz, error text, details jsonb)
        GROUP BY user_id, provider_id, status
    ), parked AS (
        INSERT INTO parked_statuses AS p (user_id, provider_id, status, error, times, details)
        SELECT user_id, provider_id, (array_agg(status ORDER BY message_status_rank(status) DESC))[1],
               coalesce(max(error) FILTER (WHERE status = 'failed'), ''),
               coalesce(jsonb_object_agg(status, at) FILTER (WHERE at IS NOT NULL), '{}'),
               (array_agg(details ORDER BY details DESC))[1]
        FROM reported GROUP BY user_id, provider_id ORDER BY user_id, provider_id
        ON CONFLICT (user_id, provider_id) DO UPDATE SET
            status = further_status(p.status, excluded.status),
            error = first_error(p.error, p.times, excluded.error, excluded.times),
            times = earliest_times(p.times, excluded.times),
            details = greatest(p.details, excluded.details),
            updated_at = now()
        RETURNING p.id
    )
    SELECT array_agg(id) INTO v_ids FROM parked;

    -- Statements of their own: each sees what those have committed for whom the one above has waited.
    UPDATE messages AS m SET provider_id = said.provider_id
    FROM (
        SELECT DISTINCT ON (message_id) user_id, provider_id, message_id
        FROM jsonb_to_recordset(p_statuses) AS item (user_id uuid, provider_id text, message_id uuid)
        WHERE message_id IS NOT NULL ORDER BY message_id, provider_id
    ) AS said
    WHERE m.id = said.message_id AND m.user_id = said.user_id AND m.direction = 'out' AND m.provider_id IS NULL
        AND NOT EXISTS (
            SELECT FROM messages AS known WHERE known.user_id = said.user_id AND known.provider_id = said.provider_id);

    WITH applied AS (
        UPDATE messages AS m SET
            status = further_status(m.status, p.status),
            -- What we said ourselves of a message that was on its way is of no use any more.
            error = CASE WHEN m.status IN ('queued', 'sending', 'unknown') THEN p.error
                ELSE first_error(m.error, coalesce(m.extras -> 'times', '{}'), p.error, p.times) END,
            extras = m.extras || jsonb_build_object(
                'times', earliest_times(m.extras -> 'times', p.times),
                'details', greatest(coalesce(m.extras -> 'details', '{}'), p.details)),
            -- Whoever still means to send it must not.
            due_at = NULL,
            leased_until = NULL,
            updated_at = now()
        FROM parked_statuses AS p
        WHERE p.id = ANY (v_ids) AND m.user_id = p.user_id AND m.provider_id = p.provider_id AND m.direction = 'out'
        RETURNING p.id
    )
    DELETE FROM parked_statuses AS p USING applied WHERE p.id = applied.id;
END
$$;
REVOKE EXECUTE ON FUNCTION mark_messages(jsonb) FROM PUBLIC;
