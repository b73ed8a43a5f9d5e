-- Purpose: a message to a customer, stored with its conversation and, where asked for, its lead, to be sent by
-- claim_messages. p_message is {kind, content, extras} and
--   either conversation_id: a reply there; no row comes back where the business has no such conversation
--   or phone (E.164) or whatsapp_user_id, customer_name ('' for none), lead: {type, details} or null
-- It goes through the number to which the customer wrote last, if that is active, else through the business's first
-- active one; a business without any has it waiting, see reroute_messages. It goes to the address from which the customer
-- wrote last, as WhatsApp spells that, if it is still theirs; but a number or id that the business gave stays what it
-- is, and a template prefers the number, because some are refused to an id (Meta, error 131062).
-- is_window_open: whether the customer wrote or called in the last 24 hours (Meta, Send messages).
-- Locks: the customer, then the conversation. VOLATILE.
CREATE OR REPLACE FUNCTION queue_message(p_user_id uuid, p_message jsonb)
    RETURNS TABLE (message_id uuid, conversation_id uuid, lead_id uuid, is_window_open boolean)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_has_lead boolean := jsonb_typeof(p_message -> 'lead') = 'object';
    v_customer record;
    v_conversation_id uuid;
    v_last record;
    v_channel_id uuid;
    v_to text := coalesce(p_message ->> 'phone', p_message ->> 'whatsapp_user_id');
BEGIN
    IF p_message ? 'conversation_id' THEN
        -- Again where nothing is found: the customer may just have been merged into another (leads/services/merge.py), who
        -- has the conversation now.
        FOR i IN 1..3 LOOP
            SELECT c.id, c.phone, c.phone_key, c.whatsapp_user_id INTO v_customer
            FROM customers AS c JOIN conversations AS v ON v.customer_id = c.id
            WHERE v.id = (p_message ->> 'conversation_id')::uuid AND v.user_id = p_user_id
            FOR NO KEY UPDATE OF c;
            EXIT WHEN FOUND;
        END LOOP;
        IF v_customer.id IS NULL THEN
            RETURN;
        END IF;
        v_conversation_id := (p_message ->> 'conversation_id')::uuid;
        v_to := coalesce(v_customer.phone, v_customer.whatsapp_user_id);
    ELSE
        SELECT opened.conversation_id INTO v_conversation_id
        FROM open_conversation(p_user_id, p_message ->> 'phone', p_message ->> 'whatsapp_user_id',
                               p_message ->> 'customer_name', NOT v_has_lead) AS opened;
        SELECT c.id, c.phone, c.phone_key, c.whatsapp_user_id INTO v_customer
        FROM customers AS c JOIN conversations AS v ON v.customer_id = c.id WHERE v.id = v_conversation_id;
    END IF;

    IF v_has_lead THEN
        INSERT INTO leads AS l (user_id, conversation_id, type, details, source)
        VALUES (p_user_id, v_conversation_id, p_message -> 'lead' ->> 'type', p_message -> 'lead' ->> 'details', 'api')
        RETURNING l.id INTO lead_id;
    END IF;

    SELECT said.channel_id, said.address, v.last_inbound_at INTO v_last
    FROM conversations AS v
    LEFT JOIN LATERAL (
        SELECT m.channel_id, m.address FROM messages AS m
        WHERE m.conversation_id = v.id AND m.direction = 'in' ORDER BY m.id DESC LIMIT 1
    ) AS said ON true
    WHERE v.customer_id = v_customer.id ORDER BY v.last_inbound_at DESC NULLS LAST LIMIT 1;
    IF phone_key(v_last.address) = phone_key(v_to)
        OR (p_message ? 'conversation_id' AND p_message ->> 'kind' <> 'template'
            AND v_last.address = v_customer.whatsapp_user_id) THEN
        v_to := v_last.address;
    END IF;
    v_channel_id := (
        SELECT c.id FROM channels AS c WHERE c.user_id = p_user_id AND c.active
        ORDER BY c.id = v_last.channel_id DESC NULLS LAST, c.id LIMIT 1);

    UPDATE conversations AS v SET last_message_at = greatest(v.last_message_at, now()), updated_at = now()
    WHERE v.id = v_conversation_id;
    INSERT INTO messages AS m (user_id, conversation_id, direction, kind, content, extras, status, channel_id, address, due_at)
    VALUES (p_user_id, v_conversation_id, 'out', p_message ->> 'kind', p_message ->> 'content', p_message -> 'extras',
            'queued', v_channel_id, v_to, now())
    RETURNING m.id INTO message_id;
    conversation_id := v_conversation_id;
    is_window_open := coalesce(v_last.last_inbound_at > now() - interval '24 hours', false);
    RETURN NEXT;
END
$$;
REVOKE EXECUTE ON FUNCTION queue_message(uuid, jsonb) FROM PUBLIC;
