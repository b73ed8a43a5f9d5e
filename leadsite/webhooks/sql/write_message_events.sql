-- Purpose: writes the events message.received and message.status, a row for each endpoint that has subscribed to them,
-- in the transaction of the change. `data` is the message as in GET /api/messages/<id>: messages_as_json.sql.
--   message.received  a message of a customer was stored. A second event with the same message id follows when the
--                     content replaces a placeholder: WhatsApp first delivers "unsupported" and the content later
--   message.status    the status of a message to a customer became sent, delivered, read, failed or unknown. "played"
--                     is "read" in the API, so it is an event only if the message was not read before
-- Not of imported history: thousands of old messages, of which integrators would take each for a new one.
-- For a business without endpoints the first query is the only one.
-- None where the transaction has set leadsite.past, and SECURITY DEFINER: see write_lead_events.sql.
-- Locks: only the rows that it inserts. VOLATILE.
-- After: messages_as_json
CREATE OR REPLACE FUNCTION write_message_events() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp SET "TimeZone" = 'UTC'
AS $$
DECLARE
    v_ids uuid[];
BEGIN
    IF current_setting('leadsite.past', true) = 'on' OR NOT EXISTS (SELECT FROM webhook_endpoints AS e
        WHERE e.active AND e.user_id IN (SELECT user_id FROM new_messages)
            AND e.events && ARRAY['message.received', 'message.status']::varchar[]) THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(n.id) INTO v_ids FROM new_messages AS n
        WHERE n.direction = 'in' AND NOT (n.extras ? 'history');
    ELSE
        SELECT array_agg(n.id) INTO v_ids FROM new_messages AS n JOIN old_messages AS o ON o.id = n.id
        WHERE NOT (n.extras ? 'history')
            AND ((n.direction = 'in' AND (n.kind, n.content) IS DISTINCT FROM (o.kind, o.content))
                OR (n.direction = 'out' AND n.status <> o.status AND n.status NOT IN ('queued', 'sending')
                    AND NOT (n.status = 'played' AND o.status = 'read')));
    END IF;
    INSERT INTO webhook_events (user_id, endpoint_id, type, payload)
    SELECT m.user_id, e.id, event.type, jsonb_build_object(
        'type', event.type, 'timestamp', to_char(statement_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'data', m.data)
    FROM messages_as_json AS m
    CROSS JOIN (VALUES ('in', 'message.received'), ('out', 'message.status')) AS event (direction, type)
    JOIN webhook_endpoints AS e ON e.user_id = m.user_id AND e.active AND event.type = ANY (e.events)
    -- As in the thread: a delivery inserts its messages in another order.
    WHERE m.id = ANY (v_ids) AND event.direction = m.direction ORDER BY m.sort_at, m.id;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION write_message_events() FROM PUBLIC;
CREATE OR REPLACE TRIGGER messages_webhook_created AFTER INSERT ON messages
    REFERENCING NEW TABLE AS new_messages
    FOR EACH STATEMENT EXECUTE FUNCTION write_message_events();
CREATE OR REPLACE TRIGGER messages_webhook_updated AFTER UPDATE ON messages
    REFERENCING OLD TABLE AS old_messages NEW TABLE AS new_messages
    FOR EACH STATEMENT EXECUTE FUNCTION write_message_events();
