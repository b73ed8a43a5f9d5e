-- Purpose: whether one statement was made before another, or stands alone; of two at the same moment, the smaller text
-- is the earlier, so that the answer does not depend on which came first.
-- Locks: none. IMMUTABLE.
CREATE FUNCTION is_said_earlier(said text, at timestamptz, other text, other_at timestamptz) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN said IS NOT NULL AND (other IS NULL OR (at, said) < (other_at, other));
