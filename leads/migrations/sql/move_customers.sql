-- Purpose: customers who have a new phone number or WhatsApp user id. p_moves is a JSON list of {user_id, phone,
-- whatsapp_user_id, new_phone, new_whatsapp_user_id, at}. Each move is kept in customer_moves, so that what they wrote
-- before it still finds them however late it comes; and the customer, if there is one, gets the new identifiers. Where
-- a customer has those who has written since the move only, that is the same person, faster than the news: the two are
-- merged. Any other customer keeps what he has. A move told twice moves nobody twice: the old number may be somebody
-- else's by then.
-- Locks: the customers, in the order of the moves; see merge_customers. VOLATILE.
CREATE FUNCTION move_customers(p_moves jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_move record;
    v_next record;
    v_customer record;
    v_other uuid;
BEGIN
    FOR v_move IN
        SELECT * FROM jsonb_to_recordset(p_moves) AS move (
            user_id uuid, phone text, whatsapp_user_id text, new_phone text, new_whatsapp_user_id text, at timestamptz)
        ORDER BY user_id, at, phone_key(phone), whatsapp_user_id
    LOOP
        INSERT INTO customer_moves (user_id, former, phone, whatsapp_user_id, moved_at)
        SELECT v_move.user_id, former, v_move.new_phone, v_move.new_whatsapp_user_id, v_move.at
        FROM unnest(ARRAY[phone_key(v_move.phone), v_move.whatsapp_user_id]) AS former
        WHERE former NOT IN (coalesce(phone_key(v_move.new_phone), ''), coalesce(v_move.new_whatsapp_user_id, ''))
        ON CONFLICT (user_id, former, moved_at) DO NOTHING;
        CONTINUE WHEN NOT FOUND;

        SELECT id, whatsapp_user_id INTO v_customer FROM customers
        WHERE user_id = v_move.user_id
            AND (whatsapp_user_id = v_move.whatsapp_user_id OR phone_key = phone_key(v_move.phone))
        ORDER BY (whatsapp_user_id = v_move.whatsapp_user_id) IS TRUE DESC LIMIT 1
        FOR UPDATE;
        CONTINUE WHEN NOT FOUND;

        -- A new number comes with a new id, also where nobody says what the old one was.
        INSERT INTO customer_moves (user_id, former, phone, whatsapp_user_id, moved_at)
        SELECT v_move.user_id, v_customer.whatsapp_user_id, v_move.new_phone, v_move.new_whatsapp_user_id, v_move.at
        WHERE v_customer.whatsapp_user_id <> v_move.new_whatsapp_user_id
        ON CONFLICT (user_id, former, moved_at) DO NOTHING;

        -- They may have moved on since, as told before this.
        FOR i IN 1..10 LOOP
            SELECT m.* INTO v_next FROM customer_moves AS m
            WHERE m.user_id = v_move.user_id AND m.moved_at > v_move.at
                AND m.former = ANY (ARRAY[phone_key(v_move.new_phone), v_move.new_whatsapp_user_id])
            ORDER BY m.moved_at, m.former LIMIT 1;
            EXIT WHEN NOT FOUND;
            v_move.new_phone := coalesce(v_next.phone, v_move.new_phone);
            v_move.new_whatsapp_user_id := coalesce(v_next.whatsapp_user_id, v_move.new_whatsapp_user_id);
            v_move.at := v_next.moved_at;
        END LOOP;

        FOR v_other IN
            SELECT id FROM customers AS c
            WHERE c.user_id = v_move.user_id AND c.id <> v_customer.id
                AND (c.phone_key = phone_key(v_move.new_phone) OR c.whatsapp_user_id = v_move.new_whatsapp_user_id)
            ORDER BY phone_key, whatsapp_user_id FOR UPDATE
        LOOP
            IF has_written_since_only(v_other, v_move.at) THEN
                PERFORM merge_customers(v_other, v_customer.id);
            END IF;
        END LOOP;

        UPDATE customers AS c SET
            phone = CASE
                WHEN EXISTS (SELECT FROM customers AS other WHERE other.user_id = c.user_id AND other.id <> c.id
                             AND other.phone_key = phone_key(v_move.new_phone)) THEN c.phone
                -- From a number to an id alone: the number may be somebody else's next.
                WHEN v_move.new_phone IS NULL AND phone_key(v_move.phone) = c.phone_key
                    AND v_move.new_whatsapp_user_id IS NOT NULL THEN NULL
                ELSE coalesce(v_move.new_phone, c.phone)
            END,
            whatsapp_user_id = CASE
                WHEN EXISTS (SELECT FROM customers AS other WHERE other.user_id = c.user_id AND other.id <> c.id
                             AND other.whatsapp_user_id = v_move.new_whatsapp_user_id) THEN c.whatsapp_user_id
                ELSE coalesce(v_move.new_whatsapp_user_id, c.whatsapp_user_id)
            END,
            identified_at = greatest(c.identified_at, v_move.at),
            updated_at = now()
        WHERE c.id = v_customer.id;
    END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION move_customers(jsonb) FROM PUBLIC;
