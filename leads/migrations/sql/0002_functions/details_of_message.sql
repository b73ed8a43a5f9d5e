-- Purpose: what a lead says of the message by which its customer came: the text, or its kind where it has none.
-- Locks: none. IMMUTABLE.
-- After: trim_text
CREATE OR REPLACE FUNCTION details_of_message(kind text, content text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN left(coalesce(nullif(trim_text(content), ''), '(' || kind || ')'), 10000);
