-- Purpose: the one of two statuses of a message that is further on. See message_status_rank.
-- Locks: none. IMMUTABLE.
-- After: message_status_rank
CREATE OR REPLACE FUNCTION further_status(a text, b text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN message_status_rank(b) > message_status_rank(a) THEN b ELSE a END;
