-- Purpose: the one of two errors of a message that was reported first, each with its {status: time}; of two at the
-- same moment the smaller text. One without a time is our own and came before any report.
-- Locks: none. IMMUTABLE.
CREATE OR REPLACE FUNCTION first_error(a text, a_times jsonb, b text, b_times jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN a = '' THEN b
        WHEN b = '' THEN a
        WHEN (coalesce(b_times ->> 'failed', ''), b) < (coalesce(a_times ->> 'failed', ''), a) THEN b
        ELSE a
    END;
