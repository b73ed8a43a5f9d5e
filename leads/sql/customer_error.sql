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
        -- As conversations.visible_text: a name without a visible character is blank.
        -- The first test is for nearly all names, and cheap.
        WHEN coalesce(p_name, '') !~ '[A-Za-z0-9]' AND coalesce(p_name, '') !~ ('[^\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f'
            '\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]') THEN
            ARRAY['customer_name', NULL, 'customer_name is required and must not be blank.']
        WHEN char_length(p_name) > 200 THEN
            ARRAY['customer_name', 'customers_name_length', 'customer_name may have at most 200 characters.']
    END;
END
$$;
