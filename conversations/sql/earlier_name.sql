-- Purpose: of two names, each with when it was said, the one that was said first; of two at the same moment the smaller
-- text, so that the answer does not depend on which came first. A missing one loses.
-- Locks: none. IMMUTABLE.
CREATE OR REPLACE FUNCTION earlier_name(name text, at timestamptz, other text, other_at timestamptz) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN name IS NOT NULL AND (other IS NULL OR (at, name) < (other_at, other)) THEN name ELSE other END;
