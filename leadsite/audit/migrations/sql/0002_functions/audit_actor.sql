-- Purpose: returns who acts, for an entry of a change of this table: kind, id, name, request. That is the setting
-- leadsite.actor (leadsite/core/postgresql/acting.py); without one, or from a role that has no right to the table and so
-- is not the application's, the role itself.
-- Locks: none. STABLE.
CREATE OR REPLACE FUNCTION audit_actor(p_table oid) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_role text := coalesce(nullif(current_setting('role'), 'none'), session_user);
    v_actor text[] := string_to_array(current_setting('leadsite.actor', true), chr(31));
BEGIN
    IF coalesce(cardinality(v_actor), 0) <> 4 OR NOT has_table_privilege(v_role, p_table, 'UPDATE') THEN
        RETURN ARRAY['sql', v_role, v_role, ''];
    END IF;
    RETURN v_actor;
END
$$;
REVOKE EXECUTE ON FUNCTION audit_actor(oid) FROM PUBLIC;
