-- Purpose: customers who have a new phone number or WhatsApp user id. p_moves is a JSON list of {user_id, phone,
-- whatsapp_user_id, new_phone, new_whatsapp_user_id, at}. Each move is kept in customer_moves, so that what they wrote
-- before it still finds them however late it comes; and the customer, if there is one, gets the new identifiers. Where
-- a customer has those who has written since the move only, that is the same person, faster than the news: the two are
-- merged. Any other customer keeps what he has. A move told twice moves nobody twice: the old number may be somebody
-- else's by then.
-- Locks: the customers, in the order of the moves; see merge_customers. VOLATILE.
CREATE OR REPLACE FUNCTION move_customers(p_moves jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_move record;
    v_next record;
    v_customer record;
    v_other record;
    v_is_taken boolean;
BEGIN
    FOR v_move IN
        SELECT * FROM jsonb_to_recordset(p_moves) AS move (
            user_id uuid, phone text, whatsapp_user_id text, new_phone text, new_whatsapp_user_id text, at timestamptz,
            now_at timestamptz)
        ORDER BY user_id, at, phone_key(phone), whatsapp_user_id
    LOOP
        INSERT INTO customer_moves (user_id, former, phone, whatsapp_user_id, moved_at)
        SELECT v_move.user_id, former, v_move.new_phone, v_move.new_whatsapp_user_id, v_move.at
        FROM unnest(ARRAY[phone_key(v_move.phone), v_move.whatsapp_user_id]) AS former
        WHERE former NOT IN (coalesce(phone_key(v_move.new_phone), ''), coalesce(v_move.new_whatsapp_user_id, ''))
        ON CONFLICT (user_id, former, moved_at) DO NOTHING;
        CONTINUE WHEN NOT FOUND;
        v_move.now_at := v_move.at;

        -- They may have moved on since, as told before this.
        FOR i IN 1..10 LOOP
            SELECT next.* INTO v_next
            FROM unnest(ARRAY[phone_key(v_move.new_phone), v_move.new_whatsapp_user_id]) AS known (former),
            LATERAL (
                SELECT m.* FROM customer_moves AS m
                WHERE m.user_id = v_move.user_id AND m.former = known.former AND m.moved_at > v_move.now_at
                ORDER BY m.user_id, m.former, m.moved_at LIMIT 1
            ) AS next
            ORDER BY next.moved_at, next.former LIMIT 1;
            EXIT WHEN NOT FOUND;
            v_move.new_phone := coalesce(v_next.phone, v_move.new_phone);
            v_move.new_whatsapp_user_id := coalesce(v_next.whatsapp_user_id, v_move.new_whatsapp_user_id);
            v_move.now_at := v_next.moved_at;
        END LOOP;

        -- By number only who was here before: who wrote since the move only has the number from them.
        SELECT c.id, c.whatsapp_user_id INTO v_customer FROM customers AS c
        WHERE c.user_id = v_move.user_id AND (c.whatsapp_user_id = v_move.whatsapp_user_id
            OR (c.phone_key = phone_key(v_move.phone)
                AND coalesce(c.whatsapp_user_id IN (v_move.whatsapp_user_id, v_move.new_whatsapp_user_id), true)
                AND NOT has_written_since_only(c.id, v_move.at + interval '1 second')))
        ORDER BY (c.whatsapp_user_id = v_move.whatsapp_user_id) IS TRUE DESC LIMIT 1
        FOR UPDATE;

        v_is_taken := false;
        FOR v_other IN
            SELECT c.id, c.phone, c.whatsapp_user_id FROM customers AS c
            WHERE c.user_id = v_move.user_id AND c.id IS DISTINCT FROM v_customer.id
                AND (c.phone_key = phone_key(v_move.new_phone) OR c.whatsapp_user_id = v_move.new_whatsapp_user_id)
            ORDER BY c.phone_key, c.whatsapp_user_id FOR UPDATE
        LOOP
            IF NOT has_written_since_only(v_other.id, v_move.at) THEN
                v_is_taken := true;
            ELSIF v_customer.id IS NOT NULL THEN
                PERFORM merge_customers(v_other.id, v_customer.id);
                v_move.new_phone := coalesce(v_move.new_phone, v_other.phone);
                v_move.new_whatsapp_user_id := coalesce(v_move.new_whatsapp_user_id, v_other.whatsapp_user_id);
            END IF;
        END LOOP;
        IF v_is_taken THEN
            -- Somebody else has been there all along: nobody is to be looked for there.
            DELETE FROM customer_moves AS m
            WHERE m.user_id = v_move.user_id AND m.moved_at = v_move.at
                AND m.former IN (phone_key(v_move.phone), v_move.whatsapp_user_id);
            CONTINUE;
        END IF;
        CONTINUE WHEN v_customer.id IS NULL;

        -- A new number comes with a new id, also where nobody says what the old one was.
        INSERT INTO customer_moves AS m (user_id, former, phone, whatsapp_user_id, moved_at)
        SELECT v_move.user_id, former, v_move.new_phone, v_move.new_whatsapp_user_id, v_move.at
        FROM unnest(ARRAY[phone_key(v_move.phone), v_customer.whatsapp_user_id]) AS former
        WHERE former NOT IN (coalesce(phone_key(v_move.new_phone), ''), coalesce(v_move.new_whatsapp_user_id, ''))
            AND (v_move.new_whatsapp_user_id IS NOT NULL OR former LIKE '+%')
        ON CONFLICT (user_id, former, moved_at) DO UPDATE SET
            phone = coalesce(m.phone, excluded.phone),
            whatsapp_user_id = coalesce(m.whatsapp_user_id, excluded.whatsapp_user_id);

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
            identified_at = greatest(c.identified_at, v_move.now_at),
            updated_at = now()
        WHERE c.id = v_customer.id;
    END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION move_customers(jsonb) FROM PUBLIC;
