-- Purpose: how many requests an API key may still make. A token bucket: it holds what a key may do in a minute, and
-- fills evenly. Grants up to p_wanted requests, or none and the seconds until there is one.
-- Two web processes that ask at once take turns at the key's row, so that together they are granted no more.
-- The table is not logged: it is empty after a crash of PostgreSQL, which costs nobody anything, and a request does not
-- wait for the disk.
-- Locks: the key's row, until the transaction ends: call it in one of its own. VOLATILE.
CREATE OR REPLACE FUNCTION take_requests(p_key text, p_per_minute integer, p_wanted integer)
    RETURNS TABLE (granted integer, wait double precision)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_rate CONSTANT double precision := p_per_minute / 60.0;
    v_now timestamptz;
    v_left double precision;
BEGIN
    INSERT INTO request_allowances (key, requests, counted_at) VALUES (p_key, p_per_minute, clock_timestamp())
    ON CONFLICT (key) DO NOTHING;
    SELECT requests, counted_at INTO v_left, v_now FROM request_allowances WHERE key = p_key FOR UPDATE;
    -- A clock that was put back fills nothing.
    v_left := least(p_per_minute, v_left + v_rate * greatest(0, extract(epoch FROM clock_timestamp() - v_now)));
    granted := least(p_wanted, floor(v_left)::integer);
    wait := CASE WHEN granted > 0 THEN 0 ELSE (1 - v_left) / v_rate END;
    IF granted = 0 THEN
        RETURN NEXT;
        RETURN;
    END IF;
    UPDATE request_allowances SET requests = v_left - granted, counted_at = clock_timestamp() WHERE key = p_key;
    RETURN NEXT;
END
$$;
REVOKE EXECUTE ON FUNCTION take_requests(text, integer, integer) FROM PUBLIC;
