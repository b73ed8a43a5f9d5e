-- Purpose: makes one customer of two who are the same person. p_into keeps what it has and gets the other's
-- conversations. Where both have an active one, they become one: the messages come together, and so do the leads,
-- except a lead that WhatsApp made and nobody has touched, where p_into's conversation has one: it would be the same
-- wish twice. No message is lost.
-- Locks: the caller has locked both customers; their conversations, leads and messages. VOLATILE.
CREATE OR REPLACE FUNCTION merge_customers(p_from uuid, p_into uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_from uuid := (SELECT id FROM conversations WHERE customer_id = p_from AND status = 'active');
    v_into uuid := (SELECT id FROM conversations WHERE customer_id = p_into AND status = 'active');
BEGIN
    IF v_from IS NOT NULL AND v_into IS NOT NULL THEN
        DELETE FROM leads AS l USING messages AS m
        WHERE l.conversation_id = v_from AND m.id = l.first_message_id
            AND l.source = 'whatsapp' AND l.type = 'inquiry' AND l.status = 'new'
            AND l.assigned_to_id IS NULL AND l.external_id IS NULL
            AND l.details = details_of_message(m.kind, m.content)
            AND EXISTS (SELECT FROM leads WHERE conversation_id = v_into);
        UPDATE leads SET conversation_id = v_into, updated_at = now() WHERE conversation_id = v_from;
        UPDATE messages SET conversation_id = v_into, updated_at = now() WHERE conversation_id = v_from;
        UPDATE conversations AS c SET
            last_message_at = greatest(c.last_message_at, other.last_message_at),
            last_inbound_at = greatest(c.last_inbound_at, other.last_inbound_at),
            updated_at = now()
        FROM conversations AS other WHERE c.id = v_into AND other.id = v_from;
        DELETE FROM conversations WHERE id = v_from;
        PERFORM keep_referral(ARRAY[v_into]);
    END IF;
    UPDATE conversations SET customer_id = p_into, updated_at = now() WHERE customer_id = p_from;
    UPDATE customers AS c SET
        name = coalesce(nullif(c.name, ''), other.name),
        profile_name = coalesce(c.profile_name, other.profile_name),
        profile_name_at = coalesce(c.profile_name_at, other.profile_name_at)
    FROM customers AS other WHERE c.id = p_into AND other.id = p_from;
    DELETE FROM customers WHERE id = p_from;
END
$$;
REVOKE EXECUTE ON FUNCTION merge_customers(uuid, uuid) FROM PUBLIC;
