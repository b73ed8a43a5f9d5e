-- Purpose: drops the partitions of audit_entries whose months were over `p_days` days ago, and deletes what is that old
-- in the default partition; returns how many partitions were dropped. Refuses less than 30 days: the application may
-- call this, and must not be able to remove what it has just done.
-- SECURITY DEFINER, because the worker, which calls it, does not own the table.
-- Locks: ACCESS EXCLUSIVE on audit_entries until the transaction ends; waits no longer than two seconds (55P03): the
-- next day is early enough. VOLATILE.
CREATE OR REPLACE FUNCTION prune_audit(p_days integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp SET "TimeZone" = 'UTC' SET lock_timeout = '2s'
AS $$
DECLARE
    v_oldest timestamptz := now() - make_interval(days => p_days);
    v_name text;
    v_dropped integer := 0;
BEGIN
    IF p_days < 30 OR p_days IS NULL THEN
        RAISE 'The audit is kept for 30 days at least.'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'Set AUDIT_DAYS to 30 or more, or to 0 to keep everything.';
    END IF;
    FOR v_name IN SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.audit_entries'::regclass AND c.relname ~ '^audit_entries_\d{4}_\d\d$'
            AND to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= v_oldest ORDER BY 1 LOOP
        EXECUTE format('DROP TABLE public.%I', v_name);
        v_dropped := v_dropped + 1;
    END LOOP;
    DELETE FROM audit_entries_default WHERE at < v_oldest;
    RETURN v_dropped;
END
$$;
REVOKE EXECUTE ON FUNCTION prune_audit(integer) FROM PUBLIC;
