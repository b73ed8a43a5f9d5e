-- Purpose: two JSON objects {status: time} as one, with the earlier time of each status. Times are texts of one form,
-- so that the earlier one is the smaller one.
-- Locks: none. IMMUTABLE.
CREATE OR REPLACE FUNCTION earliest_times(a jsonb, b jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (
        SELECT coalesce(jsonb_object_agg(key, earliest), '{}')
        FROM (SELECT key, min(value) AS earliest
              FROM (SELECT * FROM jsonb_each_text(a) UNION ALL SELECT * FROM jsonb_each_text(b)) AS every
              GROUP BY key) AS merged
    );
