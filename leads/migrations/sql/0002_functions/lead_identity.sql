-- Purpose: what makes two leads of a business the same one when files are read: the external id; without one, customer,
-- type and details.
-- Locks: none. IMMUTABLE.
CREATE OR REPLACE FUNCTION lead_identity(p_external_id text, p_phone_key text, p_type text, p_details text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce('id ' || p_external_id, 'lead ' || p_phone_key || ' ' || p_type || ' ' || p_details);
