-- Purpose: the error of a lead's customer, or NULL; see lead_error. p_name is trimmed.
-- Locks: none. IMMUTABLE.
CREATE OR REPLACE FUNCTION customer_error(p_phone text, p_name text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    RETURN CASE
        WHEN coalesce(p_phone, '') = '' THEN
            ARRAY['customer_phone', 'customers_identified', 'customer_phone is required.']
        WHEN normalise_phone(p_phone) !~ '^\+[1-9][0-9]{6,14}$' THEN
            ARRAY['customer_phone', 'customers_phone_e164',
                  'customer_phone must be an international number: a plus sign (or 00), country code and number, 7 to 15 digits.']
        WHEN coalesce(p_name, '') = '' THEN
            ARRAY['customer_name', NULL, 'customer_name is required and must not be blank.']
        WHEN char_length(p_name) > 200 THEN
            ARRAY['customer_name', 'customers_name_length', 'customer_name may have at most 200 characters.']
    END;
END
$$;
