-- Purpose: raises an error where p_leads is not a JSON array or the business is unknown.
-- Locks: none. STABLE.
CREATE OR REPLACE FUNCTION check_list(p_user_id uuid, p_leads jsonb) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF p_leads IS NULL OR jsonb_typeof(p_leads) <> 'array' THEN
        RAISE EXCEPTION 'The leads must be a JSON array.'
            USING ERRCODE = 'LD001', COLUMN = 'leads', HINT = 'Send a list, also for a single lead.';
    END IF;
    IF NOT EXISTS (SELECT FROM users WHERE id = p_user_id) THEN
        RAISE EXCEPTION 'There is no business with this user id.'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'customers_user_fk', COLUMN = 'user_id',
                  HINT = 'manage.py create_business prints the id of the business that it creates.';
    END IF;
END
$$;
