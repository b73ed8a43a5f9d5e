-- Purpose: writes the events lead.created, lead.updated, lead.deleted and lead.restored, a row for each endpoint that
-- has subscribed to them, in the transaction of the change, for writes through Django and SQL alike. `data` is the lead
-- as in GET /api/leads/<id> (leads/api/serializers.py). An update is an event only if a field of the lead itself
-- changed: `data` also has the customer's name and phone, but a change of these alone is no event. What changes in a
-- deleted lead is none either. None where the transaction has set leadsite.past: its rows are of the past, from another
-- system (leads/migrating/).
-- SECURITY DEFINER, because an SQL client may write leads (docs/sql.md) and has no privileges on the webhook tables.
-- Locks: only the rows that it inserts. Therefore webhook_events has no foreign key: with one to the endpoint, each
-- writer would lock the endpoint's row FOR KEY SHARE, and the deletion of an endpoint would wait for all writers of the
-- business and they for it, outside the lock order (leads/services/create.py, Note [Lock order]). An event whose
-- endpoint was deleted concurrently is not claimed, and is pruned. VOLATILE.
CREATE OR REPLACE FUNCTION write_lead_events() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp SET "TimeZone" = 'UTC'
AS $$
DECLARE
    c_time CONSTANT text := 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"';  -- as in the REST API
    v_types varchar[] := TG_ARGV;
    v_changed jsonb;
BEGIN
    -- The only query for a business without endpoints.
    IF current_setting('leadsite.past', true) = 'on' OR NOT EXISTS (
        SELECT FROM webhook_endpoints AS e
        WHERE e.active AND e.events && v_types AND e.user_id IN (SELECT n.user_id FROM new_leads AS n))
    THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN -- a separate statement, because an insert has no old_leads
        SELECT jsonb_object_agg(n.id, CASE
            WHEN n.deleted_at IS NOT NULL THEN CASE WHEN o.deleted_at IS NULL THEN 'lead.deleted' END
            WHEN o.deleted_at IS NOT NULL THEN 'lead.restored'
            WHEN (n.conversation_id, n.type, n.details, n.status, n.lost_reason, n.source, n.external_id,
                  n.assigned_to_id, n.follow_up_at)
                IS DISTINCT FROM
                 (o.conversation_id, o.type, o.details, o.status, o.lost_reason, o.source, o.external_id,
                  o.assigned_to_id, o.follow_up_at)
                OR n.referral IS DISTINCT FROM o.referral THEN 'lead.updated' END) INTO v_changed
        FROM new_leads AS n JOIN old_leads AS o ON o.id = n.id;
    END IF;
    INSERT INTO webhook_events (user_id, endpoint_id, type, payload)
    SELECT l.user_id, e.id, event.type, jsonb_build_object(
        'type', event.type, 'timestamp', to_char(statement_timestamp(), c_time),
        'data', jsonb_build_object(
            'id', l.id, 'conversation_id', l.conversation_id, 'customer_id', c.id, 'customer_name', c.name,
            'customer_phone', c.phone, 'type', l.type, 'details', l.details, 'status', l.status,
            'lost_reason', l.lost_reason, 'source', l.source, 'external_id', l.external_id, 'referral', l.referral,
            'assigned_to', l.assigned_to_id, 'follow_up_at', to_char(l.follow_up_at, c_time), 'version', l.version,
            'created_at', to_char(l.created_at, c_time), 'updated_at', to_char(l.updated_at, c_time),
            'deleted_at', to_char(l.deleted_at, c_time)))
    FROM new_leads AS l
    CROSS JOIN LATERAL (
        SELECT CASE TG_OP WHEN 'INSERT' THEN TG_ARGV[0] ELSE v_changed ->> l.id::text END) AS event (type)
    JOIN webhook_endpoints AS e ON e.user_id = l.user_id AND e.active AND event.type = ANY (e.events)
    JOIN conversations AS v ON v.id = l.conversation_id
    JOIN customers AS c ON c.id = v.customer_id
    ORDER BY l.id;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION write_lead_events() FROM PUBLIC;
CREATE OR REPLACE TRIGGER leads_webhook_created AFTER INSERT ON leads
    REFERENCING NEW TABLE AS new_leads
    FOR EACH STATEMENT EXECUTE FUNCTION write_lead_events('lead.created');
CREATE OR REPLACE TRIGGER leads_webhook_updated AFTER UPDATE ON leads
    REFERENCING OLD TABLE AS old_leads NEW TABLE AS new_leads
    FOR EACH STATEMENT EXECUTE FUNCTION write_lead_events('lead.updated', 'lead.deleted', 'lead.restored');
