-- Purpose: messages, and the leads of conversations that have none, in one statement. p_indexes are the messages of
-- p_messages to be stored, p_conversations the conversation of each. Returns how many messages and leads were made.
-- Locks: leads and messages of customers that the caller has locked; messages in the order of (user, provider id).
-- VOLATILE.
CREATE OR REPLACE FUNCTION store_messages(
    p_messages jsonb, p_indexes integer[], p_conversations uuid[], p_placeholders text[])
    RETURNS TABLE (messages integer, leads integer)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_referred uuid[];
BEGIN
    WITH fresh AS MATERIALIZED (
        SELECT place.conversation_id, (p_messages -> place.index ->> 'user_id')::uuid AS user_id,
               p_messages -> place.index ->> 'provider_id' AS provider_id,
               p_messages -> place.index ->> 'opens' AS opens, p_messages -> place.index AS message
        FROM unnest(p_indexes, p_conversations) AS place (index, conversation_id)
    ), stored AS MATERIALIZED (
        INSERT INTO messages AS m (user_id, conversation_id, direction, kind, content, provider_id, status,
                                   provider_time, extras, channel_id, address, created_at)
        SELECT user_id, conversation_id, message ->> 'direction', message ->> 'kind', message ->> 'content',
               provider_id, message ->> 'status', (message ->> 'provider_time')::timestamptz, message -> 'extras',
               (message ->> 'channel_id')::uuid, coalesce(message ->> 'phone', message ->> 'whatsapp_user_id'),
               CASE WHEN message ->> 'provider_time' IS NULL THEN (message ->> 'at')::timestamptz ELSE now() END
        FROM fresh ORDER BY user_id, provider_id
        ON CONFLICT (user_id, provider_id) WHERE provider_id IS NOT NULL DO UPDATE SET
            kind = excluded.kind, content = excluded.content,
            -- Of the placeholder only what statuses have left, so that the row is the same whichever came first.
            extras = excluded.extras || CASE WHEN m.extras ? 'times'
                THEN jsonb_build_object('times', m.extras -> 'times') ELSE '{}' END,
            provider_time = coalesce(excluded.provider_time, m.provider_time), updated_at = now()
        WHERE m.kind = ANY (p_placeholders) AND excluded.kind <> ALL (p_placeholders)
        -- xmax: the row is new and not one that was there (0 means that no transaction has locked or replaced it).
        RETURNING m.id, m.user_id, m.conversation_id, m.provider_id, m.extras ? 'referral' AS is_referred,
                  coalesce(m.provider_time, m.created_at) AS at, details_of_message(m.kind, m.content) AS details,
                  m.xmax = 0 AS is_new
    ), first AS MATERIALIZED (
        -- The message by which the customer came: the earliest, in whatever order they are delivered.
        SELECT DISTINCT ON (stored.conversation_id) stored.*
        FROM stored JOIN fresh ON fresh.user_id = stored.user_id AND fresh.provider_id = stored.provider_id
        WHERE fresh.opens = 'lead'
        ORDER BY stored.conversation_id, stored.at, stored.provider_id
    ), judged AS MATERIALIZED (
        SELECT first.*, lead.id AS lead_id, lead.first_message_id, before.details AS details_before,
               first.id = before.id OR (first.at, first.provider_id) < (before.at, before.provider_id) AS is_earlier
        FROM first
        LEFT JOIN LATERAL (
            SELECT l.id, l.first_message_id FROM leads AS l WHERE l.conversation_id = first.conversation_id
            ORDER BY l.first_message_id IS NULL, l.id LIMIT 1
        ) AS lead ON true
        LEFT JOIN LATERAL (
            SELECT m.id, m.provider_id, coalesce(m.provider_time, m.created_at) AS at,
                   details_of_message(m.kind, m.content) AS details
            FROM messages AS m WHERE m.id = lead.first_message_id
        ) AS before ON true
    ), made AS (
        INSERT INTO leads (user_id, conversation_id, type, details, status, source, first_message_id)
        SELECT user_id, conversation_id, 'inquiry', details, 'new', 'whatsapp', id
        FROM judged WHERE lead_id IS NULL
        RETURNING id
    ), corrected AS (
        UPDATE leads AS l SET
            details = CASE WHEN l.details = judged.details_before THEN judged.details ELSE l.details END,
            first_message_id = judged.id, updated_at = now()
        FROM judged WHERE l.id = judged.lead_id AND judged.is_earlier
        RETURNING l.id
    )
    SELECT (SELECT count(*) FROM stored WHERE is_new), (SELECT count(*) FROM made),
           (SELECT array_agg(DISTINCT conversation_id) FROM stored WHERE is_referred)
    INTO messages, leads, v_referred;

    IF v_referred IS NOT NULL THEN
        PERFORM keep_referral(v_referred);
    END IF;
    RETURN NEXT;
END
$$;
REVOKE EXECUTE ON FUNCTION store_messages(jsonb, integer[], uuid[], text[]) FROM PUBLIC;
