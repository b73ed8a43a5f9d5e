-- Purpose: the error of one lead of a SQL client, or NULL: an array of the field, the constraint that would refuse it
-- (NULL where no constraint has the rule) and a sentence. The same rules as leads/services/rules.py; one table of cases
-- and random sequences test both. The constraints of the tables enforce them for every writer.
-- Locks: none. IMMUTABLE.
CREATE OR REPLACE FUNCTION lead_error(p_lead jsonb) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    c_fields CONSTANT text[] := ARRAY['customer_phone', 'customer_name', 'type', 'details', 'status',
                                      'conversation_status', 'external_id'];
    -- As conversations.visible_text.
    c_visible CONSTANT text := '[^\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5'
        '\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb'
        '\U000e0000-\U000e0fff]';
    v_field text;
    v_name text;
BEGIN
    IF p_lead IS NULL OR jsonb_typeof(p_lead) <> 'object' THEN
        RETURN ARRAY['lead', NULL, 'A lead must be a JSON object.'];
    END IF;
    -- As POST /api/leads: ignored, "externalId" would let the same list create its leads again.
    FOR v_field IN SELECT left(field, 60) FROM jsonb_object_keys(p_lead - c_fields) AS field LOOP
        RETURN ARRAY[v_field, NULL, format('There is no field %s. There are %s.', v_field,
                                           array_to_string(c_fields, ', '))];
    END LOOP;
    -- JSON types before the rest, so that ->> below only gets text: 5 is not a name and true is not a type.
    FOREACH v_field IN ARRAY c_fields LOOP
        IF jsonb_typeof(p_lead -> v_field) NOT IN ('string', 'null') THEN
            RETURN ARRAY[v_field, NULL, v_field || ' must be text.'];
        END IF;
    END LOOP;
    v_name := coalesce(trim_text(p_lead ->> 'customer_name'), '');
    RETURN CASE
        WHEN coalesce(p_lead ->> 'customer_phone', '') = '' THEN
            ARRAY['customer_phone', 'customers_identified', 'customer_phone is required.']
        WHEN normalise_phone(p_lead ->> 'customer_phone') !~ '^\+[1-9][0-9]{6,14}$' THEN
            ARRAY['customer_phone', 'customers_phone_e164', 'customer_phone must be an international number:'
                  ' a plus sign (or 00), country code and number, 7 to 15 digits.']
        -- The first test is for nearly all names, and cheap.
        WHEN v_name !~ '[A-Za-z0-9]' AND v_name !~ c_visible THEN
            ARRAY['customer_name', NULL, 'customer_name is required and must not be blank.']
        WHEN char_length(v_name) > 200 THEN
            ARRAY['customer_name', 'customers_name_length', 'customer_name may have at most 200 characters.']
        WHEN coalesce(p_lead ->> 'type', '') NOT IN ('order', 'booking', 'inquiry') THEN
            ARRAY['type', 'leads_type_valid', 'type must be one of order, booking, inquiry.']
        WHEN char_length(p_lead ->> 'details') > 10000 THEN
            ARRAY['details', 'leads_details_length', 'details may have at most 10000 characters.']
        WHEN coalesce(p_lead ->> 'status', '') NOT IN ('new', 'contacted', 'qualified', 'converted', 'lost')
            AND p_lead ? 'status' THEN
            ARRAY['status', 'leads_status_valid', 'status must be one of new, contacted, qualified, converted, lost.']
        WHEN coalesce(p_lead ->> 'conversation_status', '') NOT IN ('active', 'completed', 'archived')
            AND p_lead ? 'conversation_status' THEN
            ARRAY['conversation_status', 'conversations_status_valid',
                  'conversation_status must be one of active, completed, archived.']
        WHEN char_length(trim_text(p_lead ->> 'external_id')) NOT BETWEEN 1 AND 200 THEN
            ARRAY['external_id', 'leads_external_id_length', 'external_id must have 1 to 200 characters.']
    END;
END
$$;
