-- Purpose: a time in the format of the REST API: RFC 3339, in UTC.
-- Locks: none. STABLE, like to_char.
CREATE OR REPLACE FUNCTION webhook_time(moment timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
