-- Purpose: makes the partitions of audit_entries for this month and the next `p_ahead`, in UTC; returns how many. What
-- has come to the default partition meanwhile, because nobody called this, is moved into them. Nobody but the owner has
-- a right to a partition; audit_entries itself may be read by the application.
-- SECURITY DEFINER, because the worker, which calls it, does not own the table.
-- Locks: ACCESS EXCLUSIVE on the default partition, SHARE UPDATE EXCLUSIVE on audit_entries, until the transaction
-- ends; waits no longer than two seconds (55P03): there are months to try again. VOLATILE.
CREATE OR REPLACE FUNCTION make_audit_partitions(p_ahead integer DEFAULT 3) RETURNS integer
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp SET "TimeZone" = 'UTC' SET lock_timeout = '2s'
AS $$
DECLARE
    v_from timestamptz;
    v_until timestamptz;
    v_name text;
    v_role text;
    v_made integer := 0;
BEGIN
    FOR v_month IN 0..p_ahead LOOP
        v_from := date_trunc('month', now()) + make_interval(months => v_month);
        v_until := v_from + interval '1 month';
        v_name := to_char(v_from, '"audit_entries_"YYYY_MM');
        CONTINUE WHEN to_regclass('public.' || v_name) IS NOT NULL;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.audit_entries INCLUDING ALL)', v_name);
        FOR v_role IN SELECT DISTINCT grantee::regrole::text FROM pg_class AS c, aclexplode(c.relacl)
            WHERE c.oid = to_regclass('public.' || v_name) AND grantee NOT IN (0, c.relowner) LOOP
            EXECUTE format('REVOKE ALL ON public.%I FROM %s', v_name, v_role);  -- quoted by regrole
        END LOOP;
        EXECUTE format('WITH moved AS (DELETE FROM public.audit_entries_default WHERE at >= %L AND at < %L RETURNING *)'
            ' INSERT INTO public.%I SELECT * FROM moved', v_from, v_until, v_name);
        EXECUTE format('ALTER TABLE public.audit_entries ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
            v_name, v_from, v_until);
        v_made := v_made + 1;
    END LOOP;
    RETURN v_made;
END
$$;
REVOKE EXECUTE ON FUNCTION make_audit_partitions(integer) FROM PUBLIC;
