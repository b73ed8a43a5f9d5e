-- Purpose: a time as the REST API writes it: RFC 3339, in UTC.
-- Locks: none. STABLE, as to_char is.
CREATE OR REPLACE FUNCTION webhook_time(moment timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
