-- Purpose: the conversation in which a business writes to a customer whom it names by phone number (E.164) or, where
-- that is null, by WhatsApp user id. The customer is found or made; a name that is not blank replaces the one there is.
-- The active conversation is joined; with p_reopens a completed newest one becomes active again; else one is opened.
-- Locks: the customer, then the conversation. VOLATILE.
CREATE OR REPLACE FUNCTION open_conversation(
    p_user_id uuid, p_phone text, p_whatsapp_user_id text, p_name text, p_reopens boolean,
    OUT customer_id uuid, OUT conversation_id uuid)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_customer_id uuid;
    v_newest record;
BEGIN
    IF p_phone IS NOT NULL THEN
        INSERT INTO customers AS c (user_id, phone, name) VALUES (p_user_id, p_phone, p_name)
        ON CONFLICT (user_id, phone_key) DO UPDATE
            SET name = coalesce(nullif(excluded.name, ''), c.name), updated_at = now()
        RETURNING c.id INTO v_customer_id;
    ELSE
        INSERT INTO customers AS c (user_id, whatsapp_user_id, name) VALUES (p_user_id, p_whatsapp_user_id, p_name)
        ON CONFLICT (user_id, whatsapp_user_id) DO UPDATE
            SET name = coalesce(nullif(excluded.name, ''), c.name), updated_at = now()
        RETURNING c.id INTO v_customer_id;
    END IF;

    -- A statement of its own: it sees what those have committed whose lock on the customer was waited for.
    SELECT c.id, c.status INTO v_newest FROM conversations AS c WHERE c.customer_id = v_customer_id
    ORDER BY (c.status = 'active') DESC, c.id DESC LIMIT 1;
    IF v_newest.status = 'active' OR (p_reopens AND v_newest.status = 'completed') THEN
        UPDATE conversations AS c SET status = 'active', updated_at = now() WHERE c.id = v_newest.id
        RETURNING c.id INTO conversation_id;
    ELSE
        -- DO UPDATE for a writer who does not take the customer's row first: his conversation is joined.
        INSERT INTO conversations AS c (user_id, customer_id, status) VALUES (p_user_id, v_customer_id, 'active')
        ON CONFLICT (customer_id) WHERE status = 'active' DO UPDATE SET updated_at = now()
        RETURNING c.id INTO conversation_id;
    END IF;
    customer_id := v_customer_id;
END
$$;
REVOKE EXECUTE ON FUNCTION open_conversation(uuid, text, text, text, boolean) FROM PUBLIC;
