-- Purpose: gives the leads that WhatsApp made in these conversations the advertisement or post that brought the customer:
-- that of the earliest message that names one.
-- Locks: the leads of conversations that the caller has locked. VOLATILE.
CREATE OR REPLACE FUNCTION keep_referral(p_conversations uuid[]) RETURNS void
    LANGUAGE sql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
AS $$
    UPDATE leads AS l SET referral = coalesce((
        SELECT m.extras -> 'referral' FROM messages AS m
        WHERE m.conversation_id = l.conversation_id AND m.direction = 'in' AND m.extras ? 'referral'
        ORDER BY coalesce(m.provider_time, m.created_at), m.provider_id LIMIT 1
    ), l.referral)
    WHERE l.conversation_id = ANY (p_conversations) AND l.first_message_id IS NOT NULL
$$;
REVOKE EXECUTE ON FUNCTION keep_referral(uuid[]) FROM PUBLIC;
