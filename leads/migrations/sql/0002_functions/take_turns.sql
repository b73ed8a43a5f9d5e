-- Purpose: whose turn it is to get the next p_count new leads of a business, for one that has them assigned in turn (it
-- has a row in rotations). People who can log in and are no viewers take turns in the order in which they joined.
-- Locks: the row of rotations, so that two leads that arrive at the same moment go to two people. The last lock of each
-- transaction as a rule, but not of all: who waits half a second for it takes anybody's turn, so no cycle can form.
CREATE OR REPLACE FUNCTION take_turns(p_business_id uuid, p_count integer) RETURNS uuid[]
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
    SET lock_timeout = '500ms'
AS $$
DECLARE
    v_people uuid[];
    v_first bigint;
BEGIN
    SELECT array_agg(m.person_id ORDER BY m.id) INTO v_people
    FROM memberships AS m JOIN users AS u ON u.id = m.person_id
    WHERE m.business_id = p_business_id AND m.role <> 'viewer' AND u.is_active;
    IF v_people IS NULL THEN
        RETURN NULL;
    END IF;
    BEGIN
        UPDATE rotations SET turn = turn + p_count WHERE business_id = p_business_id
        RETURNING turn - p_count INTO v_first;
    EXCEPTION WHEN lock_not_available THEN
        v_first := floor(random() * cardinality(v_people));
    END;
    RETURN ARRAY(SELECT v_people[1 + (v_first + n) % cardinality(v_people)] FROM generate_series(0, p_count - 1) AS n);
END
$$;
REVOKE EXECUTE ON FUNCTION take_turns(uuid, integer) FROM PUBLIC;
