-- Purpose: creates the leads of a SQL client's list, one after another, for the two functions that clients call. With
-- p_all_or_nothing the first error is raised, with the field as COLUMN, and the constraint; without, each invalid lead
-- is returned with its error (see lead_error) and the others are created. Taken external ids are the last
-- errors: the unique constraint is checked after all other rules.
-- Locks: customers in the order of their phone key, Note [Lock order] in leads/services/create.py; where leads are
-- assigned in turn, the row of rotations, once for all; then as make_lead. Of several leads of one customer the last
-- one's name and spelling count. A lead that is closed already takes no turn; without a row of rotations nobody has one.
-- VOLATILE.
CREATE OR REPLACE FUNCTION make_leads(p_user_id uuid, p_leads jsonb, p_all_or_nothing boolean)
    RETURNS TABLE (index integer, lead_id uuid, conversation_id uuid, conversation_created boolean, error text[])
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_bad integer[] := '{}';
    v_customers jsonb;
    v_lead jsonb;
    v_people uuid[]; v_turn integer := 0;
BEGIN
    PERFORM check_list(p_user_id, p_leads);
    FOR index, error IN
        SELECT e.index, e.error FROM lead_errors(p_user_id, p_leads) AS e
        ORDER BY e.error[2] IS NOT DISTINCT FROM 'leads_external_id_unique', e.index
    LOOP
        IF p_all_or_nothing THEN
            RAISE EXCEPTION '%', error[3]
                USING ERRCODE = lead_refusal(index, error) ->> 'code', COLUMN = error[1],
                      CONSTRAINT = coalesce(error[2], ''), DETAIL = 'index ' || index,
                      HINT = 'Nothing was written. Correct this field and send the list again.';
        END IF;
        v_bad := v_bad || index;
        RETURN NEXT;
    END LOOP;
    error := NULL;
    SELECT jsonb_object_agg(key, upsert_customer(p_user_id, phone, name)) INTO v_customers FROM (
        SELECT DISTINCT ON (key) phone_key(phone) AS key, phone, name
        FROM jsonb_array_elements(p_leads) WITH ORDINALITY AS item (lead, n), LATERAL (SELECT
            normalise_phone(item.lead ->> 'customer_phone'), trim_text(item.lead ->> 'customer_name')) AS t (phone, name)
        WHERE item.n - 1 <> ALL (v_bad) ORDER BY key, item.n DESC) AS customer;
    SELECT take_turns(p_user_id, count(*)::integer) INTO v_people
    FROM jsonb_array_elements(p_leads) WITH ORDINALITY AS item (lead, n)
    WHERE item.n - 1 <> ALL (v_bad) AND coalesce(item.lead ->> 'status', 'new') NOT IN ('converted', 'lost');
    FOR index, v_lead IN SELECT item.n - 1, item.lead FROM jsonb_array_elements(p_leads) WITH ORDINALITY AS item (lead, n)
                         WHERE item.n - 1 <> ALL (v_bad) ORDER BY item.n LOOP
        v_turn := v_turn + (coalesce(v_lead ->> 'status', 'new') NOT IN ('converted', 'lost'))::integer;
        SELECT * INTO lead_id, conversation_id, conversation_created FROM make_lead(
            p_user_id, (v_customers ->> phone_key(normalise_phone(v_lead ->> 'customer_phone')))::uuid, v_lead,
            CASE WHEN coalesce(v_lead ->> 'status', 'new') NOT IN ('converted', 'lost') THEN v_people[v_turn] END);
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION make_leads(uuid, jsonb, boolean) FROM PUBLIC;
