-- Purpose: creates the leads of a SQL client's list, one after another, for the two functions that clients call. With
-- p_all_or_nothing the first error is raised, with the field as COLUMN, and the constraint; without, each invalid lead
-- is returned with its error (lead_errors) and the others are created. Taken external ids are the last errors: the
-- unique constraint is checked after all other rules.
-- Locks: customers in the order of their phone key, Note [Lock order] in leads/services/create.py; where leads are
-- assigned in turn, the row of rotations, once for all; then as make_lead. Of several leads of one customer the last
-- one's name and spelling count: as Customer.objects.upsert. A lead that is closed already takes no turn; without a row
-- of rotations nobody has one. VOLATILE.
CREATE OR REPLACE FUNCTION make_leads(p_user_id uuid, p_leads jsonb, p_all_or_nothing boolean)
    RETURNS TABLE (index integer, lead_id uuid, conversation_id uuid, conversation_created boolean, refusal json)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    c_closed CONSTANT text[] := ARRAY['converted', 'lost'];
    v_bad integer[] := '{}';
    v_customers jsonb;
    v_people uuid[]; v_turn integer := 0;
    v_lead jsonb; v_open boolean;
BEGIN
    IF p_leads IS NULL OR jsonb_typeof(p_leads) <> 'array' THEN
        RAISE EXCEPTION 'The leads must be a JSON array.'
            USING ERRCODE = 'LD001', COLUMN = 'leads', HINT = 'Send a list, also for a single lead.';
    ELSIF NOT EXISTS (SELECT FROM users WHERE id = p_user_id) THEN
        RAISE EXCEPTION 'There is no business with this user id.'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'customers_user_fk', COLUMN = 'user_id',
                  HINT = 'manage.py create_business prints the id of the business that it creates.';
    END IF;
    FOR index, refusal IN
        SELECT e.index, e.refusal FROM lead_errors(p_user_id, p_leads) AS e
        ORDER BY e.refusal ->> 'constraint' IS NOT DISTINCT FROM 'leads_external_id_unique', e.index
    LOOP
        IF p_all_or_nothing THEN
            RAISE EXCEPTION '%', refusal ->> 'error'
                USING ERRCODE = refusal ->> 'code', COLUMN = refusal ->> 'field', DETAIL = 'index ' || index,
                      CONSTRAINT = coalesce(refusal ->> 'constraint', ''),
                      HINT = 'Nothing was written. Correct this field and send the list again.';
        END IF;
        v_bad := v_bad || index;
        RETURN NEXT;
    END LOOP;
    refusal := NULL;
    WITH customer AS (
        INSERT INTO customers AS c (user_id, phone, name)
        SELECT DISTINCT ON (phone_key(phone)) p_user_id, phone, trim_text(item.lead ->> 'customer_name')
        FROM jsonb_array_elements(p_leads) WITH ORDINALITY AS item (lead, n),
             normalise_phone(item.lead ->> 'customer_phone') AS phone
        WHERE item.n - 1 <> ALL (v_bad) ORDER BY phone_key(phone), item.n DESC
        ON CONFLICT (user_id, phone_key) DO UPDATE SET
            name = excluded.name, updated_at = CASE WHEN excluded.name = c.name THEN c.updated_at ELSE now() END
        RETURNING c.phone_key, c.id
    ) SELECT jsonb_object_agg(phone_key, id) INTO v_customers FROM customer;
    SELECT take_turns(p_user_id, count(*)::integer) INTO v_people
    FROM jsonb_array_elements(p_leads) WITH ORDINALITY AS item (lead, n)
    WHERE item.n - 1 <> ALL (v_bad) AND coalesce(item.lead ->> 'status', 'new') <> ALL (c_closed);
    FOR index, v_lead, v_open IN
        SELECT item.n - 1, item.lead, coalesce(item.lead ->> 'status', 'new') <> ALL (c_closed)
        FROM jsonb_array_elements(p_leads) WITH ORDINALITY AS item (lead, n)
        WHERE item.n - 1 <> ALL (v_bad) ORDER BY item.n LOOP
        v_turn := v_turn + v_open::integer;
        SELECT * INTO lead_id, conversation_id, conversation_created FROM make_lead(
            p_user_id, (v_customers ->> phone_key(normalise_phone(v_lead ->> 'customer_phone')))::uuid, v_lead,
            CASE WHEN v_open THEN v_people[v_turn] END);
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION make_leads(uuid, jsonb, boolean) FROM PUBLIC;
