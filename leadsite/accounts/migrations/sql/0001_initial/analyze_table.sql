-- Purpose: ANALYZE for the application role, which does not own the tables: see leadsite/core/table_statistics.py. (The
-- privilege MAINTAIN of PostgreSQL 17 also allows LOCK TABLE, CLUSTER and REINDEX, and 15 and 16 have none.)
-- Locks: SHARE UPDATE EXCLUSIVE on the table, until the transaction ends; a table that is locked is skipped. VOLATILE.
CREATE OR REPLACE FUNCTION analyze_table(p_table regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('ANALYZE (SKIP_LOCKED) %s', p_table);  -- quoted by regclass
END
$$;
REVOKE EXECUTE ON FUNCTION analyze_table(regclass) FROM PUBLIC;
