-- Purpose: finds the customer with this phone number (E.164) by phone key, or inserts it. A name that is not blank
-- replaces the stored one. As Customer.objects.upsert.
-- Locks: the customer's row, existing or new. VOLATILE.
CREATE OR REPLACE FUNCTION upsert_customer(p_user_id uuid, p_phone text, p_name text) RETURNS uuid
    LANGUAGE sql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
AS $$
    INSERT INTO customers AS c (user_id, phone, name) VALUES (p_user_id, p_phone, p_name)
    ON CONFLICT (user_id, phone_key) DO UPDATE SET
        name = coalesce(nullif(excluded.name, ''), c.name),
        updated_at = CASE WHEN excluded.name IN ('', c.name) THEN c.updated_at ELSE now() END
    RETURNING c.id
$$;
REVOKE EXECUTE ON FUNCTION upsert_customer(uuid, text, text) FROM PUBLIC;
