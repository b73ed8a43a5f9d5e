-- Purpose: other leads of the same customer that nobody has closed, newest first, at most p_most: a new lead may be the
-- same wish again. VOLATILE, so that it sees what was committed while its caller waited for the customer's row.
-- Locks: none.
CREATE OR REPLACE FUNCTION open_leads(p_user_id uuid, p_conversation_id uuid, p_lead_id uuid, p_most integer) RETURNS uuid[]
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN ARRAY(
        SELECT l.id FROM conversations AS own
        JOIN conversations AS c ON c.customer_id = own.customer_id
        JOIN leads AS l ON l.conversation_id = c.id
        WHERE own.id = p_conversation_id AND own.user_id = p_user_id AND l.id <> p_lead_id
            AND l.status IN ('new', 'contacted', 'qualified')
        ORDER BY l.id DESC LIMIT p_most);
END
$$;
REVOKE EXECUTE ON FUNCTION open_leads(uuid, uuid, uuid, integer) FROM PUBLIC;
