-- Purpose: a customer's name beside what their profile says: a profile fills a blank name, and replaces one that an
-- earlier look at the profile gave; a name that a person or a program gave stays.
-- Locks: none. IMMUTABLE.
CREATE OR REPLACE FUNCTION kept_name(name text, profile_name text, new_profile_name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN name = '' OR name = profile_name THEN coalesce(new_profile_name, name) ELSE name END;
