-- Purpose: writes a row of audit_entries for each row that a statement has inserted, updated or deleted: when, who, and
-- what. `after` is the whole row of an insert, `before` that of a delete; an update has the columns that changed,
-- before and after. Who: the setting leadsite.actor (leadsite/core/postgresql/acting.py); without one, or from a role
-- that has no right to the table and so is not the application's, the role itself.
-- Arguments (leadsite/audit/tables.py): columns that are left out; columns whose values are secret; the primary key,
-- which is hashed where it is not `id`. A row that belongs to no user is one itself.
-- Statement-level, for one row as for all rows of an import. Old and new rows are matched by GROUP BY, not by a join:
-- the plan is kept from the first call, which may have had one row, for a later one with thousands.
-- SECURITY DEFINER, because nobody but the owner may write to audit_entries.
-- Locks: only the rows that it inserts. VOLATILE.
CREATE OR REPLACE FUNCTION write_audit() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_ignored text[] := TG_ARGV[0]; v_secret text[] := TG_ARGV[1];
    v_key text := TG_ARGV[2]; v_hashed boolean := TG_ARGV[2] <> 'id';
    v_role text := coalesce(nullif(current_setting('role'), 'none'), session_user);
    v_actor text[] := string_to_array(current_setting('leadsite.actor', true), chr(31));
BEGIN
    IF coalesce(cardinality(v_actor), 0) <> 4 OR NOT has_table_privilege(v_role, TG_RELID, 'UPDATE') THEN
        v_actor := ARRAY['sql', v_role, v_role, ''];
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO audit_entries
            (table_name, action, actor_kind, actor_id, actor_name, request_id, row_id, user_id, after)
        SELECT TG_TABLE_NAME, 'insert', v_actor[1], v_actor[2], v_actor[3], v_actor[4],
            CASE WHEN v_hashed THEN md5(r.row ->> v_key) ELSE r.row ->> 'id' END::uuid,
            coalesce(r.row ->> 'user_id', r.row ->> 'business_id', r.row ->> 'id')::uuid, r.row - v_ignored - v_secret
        FROM (SELECT to_jsonb(n) AS row FROM new_rows AS n OFFSET 0) AS r;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO audit_entries
            (table_name, action, actor_kind, actor_id, actor_name, request_id, row_id, user_id, before)
        SELECT TG_TABLE_NAME, 'delete', v_actor[1], v_actor[2], v_actor[3], v_actor[4],
            CASE WHEN v_hashed THEN md5(r.row ->> v_key) ELSE r.row ->> 'id' END::uuid,
            coalesce(r.row ->> 'user_id', r.row ->> 'business_id', r.row ->> 'id')::uuid, r.row - v_ignored - v_secret
        FROM (SELECT to_jsonb(o) AS row FROM old_rows AS o OFFSET 0) AS r;
    ELSIF EXISTS (SELECT FROM new_rows) THEN
        INSERT INTO audit_entries
            (table_name, action, actor_kind, actor_id, actor_name, request_id, row_id, user_id, before, after)
        SELECT TG_TABLE_NAME, 'update', v_actor[1], v_actor[2], v_actor[3], v_actor[4],
            CASE WHEN v_hashed THEN md5(pair.key) ELSE pair.key END::uuid,
            coalesce(pair.old ->> 'user_id', pair.old ->> 'business_id', pair.old ->> 'id')::uuid,
            changed.before, changed.after
        FROM (SELECT v.row ->> v_key AS key,
                  (array_agg(v.row) FILTER (WHERE v.is_old))[1] AS old,
                  (array_agg(v.row) FILTER (WHERE NOT v.is_old))[1] AS new
              FROM (SELECT true AS is_old, to_jsonb(o) - v_ignored AS row FROM old_rows AS o
                    UNION ALL SELECT false, to_jsonb(n) - v_ignored FROM new_rows AS n) AS v
              GROUP BY 1) AS pair
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(f.key, CASE WHEN f.key = ANY (v_secret) THEN '"(secret)"'
                                                ELSE pair.old -> f.key END) AS before,
                jsonb_object_agg(f.key, CASE WHEN f.key = ANY (v_secret) THEN '"(secret)"' ELSE f.value END) AS after
            FROM jsonb_each(pair.new) AS f WHERE f.value <> pair.old -> f.key) AS changed
        WHERE pair.old <> pair.new;
    END IF;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION write_audit() FROM PUBLIC;
