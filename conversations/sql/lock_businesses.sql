-- Purpose: deliveries of several events of one business go one after another from here on: such a delivery locks many
-- customers, and who shows a number here and only an id there has two places in their order.
-- Locks: an advisory lock of each business, in the order of their ids, until the transaction ends. VOLATILE.
CREATE OR REPLACE FUNCTION lock_businesses(p_user_ids uuid[]) RETURNS void
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('deliveries of ' || business.id, 0))
    FROM (SELECT DISTINCT id FROM unnest(p_user_ids) AS id ORDER BY id) AS business;
END
$$;
REVOKE EXECUTE ON FUNCTION lock_businesses(uuid[]) FROM PUBLIC;
