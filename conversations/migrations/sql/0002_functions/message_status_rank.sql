-- Purpose: how far a message that went out has come. A status moves to a higher rank only; "failed" stays unless a
-- later report proves that the message arrived.
-- Locks: none. IMMUTABLE.
CREATE OR REPLACE FUNCTION message_status_rank(status text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_position(
        ARRAY['queued', 'sending', 'unknown', 'sent', 'failed', 'delivered', 'read', 'played'], status);
