-- Purpose: trigger that writes into the history of two customers that they were merged, or that their merge was undone:
-- `merged_into` of the one who went, `merged_from` of the one who stayed, each with the other's id. The entries of
-- write_audit say only that a row was deleted, or inserted, and nothing of the one who stayed where no column changed.
-- SECURITY DEFINER, because nobody but the owner may write to audit_entries.
-- Locks: only the rows that it inserts. VOLATILE.
CREATE OR REPLACE FUNCTION write_merge_audit() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_role text := coalesce(nullif(current_setting('role'), 'none'), session_user);
    v_actor text[] := string_to_array(current_setting('leadsite.actor', true), chr(31));
BEGIN
    -- As write_audit, which each statement of a delivery runs: a function of both would cost each of them time.
    IF coalesce(cardinality(v_actor), 0) <> 4 OR NOT has_table_privilege(v_role, TG_RELID, 'UPDATE') THEN
        v_actor := ARRAY['sql', v_role, v_role, ''];
    END IF;
    INSERT INTO audit_entries
        (table_name, action, actor_kind, actor_id, actor_name, request_id, row_id, user_id, before, after)
    SELECT 'customers', 'update', v_actor[1], v_actor[2], v_actor[3], v_actor[4], one.row_id, NEW.user_id,
        jsonb_build_object(one.name, CASE WHEN NEW.undone_at IS NOT NULL THEN one.other END),
        jsonb_build_object(one.name, CASE WHEN NEW.undone_at IS NULL THEN one.other END)
    FROM (VALUES (NEW.source_id, 'merged_into', NEW.into_id), (NEW.into_id, 'merged_from', NEW.source_id))
        AS one (row_id, name, other);
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION write_merge_audit() FROM PUBLIC;
CREATE OR REPLACE TRIGGER customer_merges_audit_insert AFTER INSERT ON customer_merges
    FOR EACH ROW EXECUTE FUNCTION write_merge_audit();
CREATE OR REPLACE TRIGGER customer_merges_audit_undo AFTER UPDATE OF undone_at ON customer_merges
    FOR EACH ROW WHEN (OLD.undone_at IS NULL AND NEW.undone_at IS NOT NULL) EXECUTE FUNCTION write_merge_audit();
