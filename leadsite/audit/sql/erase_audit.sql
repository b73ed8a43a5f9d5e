-- Purpose: removes what was in these rows from the audit, where a person has asked to be erased, and returns the number
-- of entries. When something was done to a row, and by whom, stays; `before` and `after` are null in no other entries.
-- Call it in the transaction that deletes the rows, after that, because deleting them writes entries.
-- SECURITY DEFINER, because the application may not change entries.
-- Locks: the entries. VOLATILE.
CREATE OR REPLACE FUNCTION erase_audit(p_row_ids uuid[]) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_erased integer;
BEGIN
    UPDATE audit_entries SET before = NULL, after = NULL WHERE row_id = ANY (p_row_ids);
    GET DIAGNOSTICS v_erased = ROW_COUNT;
    RETURN v_erased;
END
$$;
REVOKE EXECUTE ON FUNCTION erase_audit(uuid[]) FROM PUBLIC;
