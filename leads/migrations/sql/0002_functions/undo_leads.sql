-- Purpose: takes back a part of what an import run created: its newest p_most leads before p_before that nobody has touched,
-- with their conversation where it came with the lead and nothing else is in it, and the customer where that came with
-- it too and has nothing else. Touched: the lead was changed, or its own conversation has messages or was closed.
-- Newest first, so that a conversation goes with the lead by which it came, after those that joined it.
-- Returns the last lead that was looked at (NULL: there are no more) and how many were removed and left.
-- Locks: customers in the order of their phone key, then what is theirs. VOLATILE.
CREATE OR REPLACE FUNCTION undo_leads(p_run_id uuid, p_before uuid, p_most integer)
    RETURNS TABLE (last_id uuid, removed integer, remaining integer)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_leads uuid[];
    v_customers uuid[];
    v_gone uuid[];
    v_emptied uuid[];
    v_left uuid[];
BEGIN
    v_leads := ARRAY(SELECT l.id FROM leads AS l WHERE l.import_run_id = p_run_id AND (p_before IS NULL OR l.id < p_before)
                     ORDER BY l.id DESC LIMIT p_most);
    v_customers := ARRAY(SELECT DISTINCT c.customer_id FROM leads AS l JOIN conversations AS c ON c.id = l.conversation_id
                         WHERE l.id = ANY (v_leads));
    PERFORM FROM customers AS k WHERE k.id = ANY (v_customers) ORDER BY k.user_id, k.phone_key, k.whatsapp_user_id FOR UPDATE;
    WITH gone AS (
        DELETE FROM leads AS l USING conversations AS c
        WHERE l.id = ANY (v_leads) AND c.id = l.conversation_id AND l.version = 1
            AND (c.created_at <> l.created_at OR c.status = 'active'
                 AND NOT EXISTS (SELECT FROM messages AS m WHERE m.conversation_id = c.id))
        RETURNING l.id, CASE WHEN c.created_at = l.created_at THEN c.id END AS emptied
    )
    SELECT coalesce(array_agg(id), '{}'), coalesce(array_agg(DISTINCT emptied), '{}') INTO v_gone, v_emptied FROM gone;
    WITH emptied AS (
        DELETE FROM conversations AS c WHERE c.id = ANY (v_emptied)
            AND NOT EXISTS (SELECT FROM leads AS l WHERE l.conversation_id = c.id)
            AND NOT EXISTS (SELECT FROM messages AS m WHERE m.conversation_id = c.id)
        RETURNING c.customer_id, c.created_at
    )
    SELECT coalesce(array_agg(k.id), '{}') INTO v_left FROM emptied
    JOIN customers AS k ON k.id = emptied.customer_id AND k.created_at = emptied.created_at AND k.updated_at = k.created_at;
    DELETE FROM customers AS k WHERE k.id = ANY (v_left)
        AND NOT EXISTS (SELECT FROM conversations AS c WHERE c.customer_id = k.id);
    last_id := v_leads[cardinality(v_leads)];
    removed := cardinality(v_gone);
    remaining := cardinality(v_leads) - removed;
    RETURN NEXT;
END
$$;
REVOKE EXECUTE ON FUNCTION undo_leads(uuid, uuid, integer) FROM PUBLIC;
