-- Purpose: what is wrong with one lead that a client sent, or NULL: an array of the field, the constraint that
-- would refuse it (NULL where the rule is the door's own) and a sentence for the client. It lets a list be sorted
-- into good and bad rows without an attempt at each; the constraints on the tables stay the guard, and
-- tests/leads/lead_cases.py is run through this function, the tables and every door.
-- Locks: none. IMMUTABLE.
CREATE OR REPLACE FUNCTION lead_fault(p_lead jsonb) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_field text;
    v_name text;
BEGIN
    IF p_lead IS NULL OR jsonb_typeof(p_lead) <> 'object' THEN
        RETURN ARRAY['lead', NULL, 'A lead must be a JSON object.'];
    END IF;
    -- Wrong JSON types first, so that ->> below only meets text: 5 is not a name and true is not a type.
    FOREACH v_field IN ARRAY ARRAY['customer_phone', 'customer_name', 'type', 'details', 'status',
                                   'conversation_status', 'external_id'] LOOP
        IF jsonb_typeof(p_lead -> v_field) NOT IN ('string', 'null') THEN
            RETURN ARRAY[v_field, NULL, v_field || ' must be text.'];
        END IF;
    END LOOP;
    v_name := trim_text(p_lead ->> 'customer_name');
    RETURN CASE
        WHEN coalesce(p_lead ->> 'customer_phone', '') = '' THEN
            ARRAY['customer_phone', 'customers_identified', 'customer_phone is required.']
        WHEN normalise_phone(p_lead ->> 'customer_phone') !~ '^\+[1-9][0-9]{6,14}$' THEN
            ARRAY['customer_phone', 'customers_phone_e164',
                  'customer_phone must be an international number: a plus sign (or 00), country code and number, 7 to 15 digits.']
        WHEN coalesce(v_name, '') = '' THEN
            ARRAY['customer_name', NULL, 'customer_name is required and must not be blank.']
        WHEN char_length(v_name) > 200 THEN
            ARRAY['customer_name', 'customers_name_length', 'customer_name may have at most 200 characters.']
        WHEN coalesce(p_lead ->> 'type', '') NOT IN ('order', 'booking', 'inquiry') THEN
            ARRAY['type', 'leads_type_valid', 'type must be one of order, booking, inquiry.']
        WHEN char_length(p_lead ->> 'details') > 10000 THEN
            ARRAY['details', 'leads_details_length', 'details may have at most 10000 characters.']
        WHEN p_lead ? 'status'
            AND coalesce(p_lead ->> 'status', '') NOT IN ('new', 'contacted', 'qualified', 'converted', 'lost') THEN
            ARRAY['status', 'leads_status_valid', 'status must be one of new, contacted, qualified, converted, lost.']
        WHEN p_lead ? 'conversation_status'
            AND coalesce(p_lead ->> 'conversation_status', '') NOT IN ('active', 'completed', 'archived') THEN
            ARRAY['conversation_status', 'conversations_status_valid',
                  'conversation_status must be one of active, completed, archived.']
        WHEN char_length(trim_text(p_lead ->> 'external_id')) NOT BETWEEN 1 AND 200 THEN
            ARRAY['external_id', 'leads_external_id_length', 'external_id must have 1 to 200 characters.']
    END;
END
$$;
