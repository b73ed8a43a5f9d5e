-- Purpose: whether all that is here of a customer came by WhatsApp since a moment: nobody who was here before, whom a
-- form, a file or a person brought, or who wrote earlier.
-- Locks: none. STABLE.
CREATE OR REPLACE FUNCTION has_written_since_only(p_customer_id uuid, p_moment timestamptz) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM conversations AS c JOIN messages AS m ON m.conversation_id = c.id WHERE c.customer_id = p_customer_id
    ) AND NOT EXISTS (
        SELECT FROM conversations AS c JOIN messages AS m ON m.conversation_id = c.id
        WHERE c.customer_id = p_customer_id AND coalesce(m.provider_time, m.created_at) < p_moment
    ) AND NOT EXISTS (
        SELECT FROM conversations AS c JOIN leads AS l ON l.conversation_id = c.id
        WHERE c.customer_id = p_customer_id AND l.source <> 'whatsapp'
    )
$$;
REVOKE EXECUTE ON FUNCTION has_written_since_only(uuid, timestamptz) FROM PUBLIC;
