-- Purpose: what providers delivered, as rows: customers who moved, messages with their customers, conversations and
-- leads, statuses of messages that went out. Four JSON lists:
--   p_moves     see move_customers
--   p_people    see identify_customers
--   p_messages  {person (index in p_people), user_id, direction, kind, content, provider_id, status, provider_time,
--               at (provider_time or when it was received), extras, opens: lead, conversation or nothing}
--   p_statuses  see mark_messages
-- A message that is here already (same business, same provider_id) changes nothing, except that a placeholder
-- takes the real content when that follows. A new message that opens a lead joins the customer's active
-- conversation, else reopens the newest if that is completed, else opens a new one; and where the conversation has
-- no lead it gets one. A message that opens a conversation only joins the newest, whatever its status, or opens one.
-- The lead's details are the text of the earliest message that opens leads, until somebody changes them.
-- Returns how many messages and leads were made.
-- Locks: more than one event: the businesses, so that long deliveries of one business follow each other; then
-- customers, conversations, leads, messages, in the order of the functions called here. VOLATILE.
CREATE FUNCTION receive_events(p_moves jsonb, p_people jsonb, p_messages jsonb, p_statuses jsonb)
    RETURNS TABLE (new_messages integer, new_leads integer)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    -- What a provider sends in the place of a message that it may send whole later, under the same id.
    c_placeholders CONSTANT text[] := ARRAY['unsupported', 'unknown', 'media_placeholder'];
    v_customers uuid[];
    v_indexes integer[];
    v_conversations uuid[];
BEGIN
    IF jsonb_array_length(p_moves) + jsonb_array_length(p_messages) + jsonb_array_length(p_statuses) > 1 THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('receive_events ' || business.id, 0))
        FROM (SELECT DISTINCT event ->> 'user_id' AS id
              FROM jsonb_array_elements(p_moves || p_people || p_statuses) AS event ORDER BY 1) AS business;
    END IF;
    IF jsonb_array_length(p_moves) > 0 THEN
        PERFORM move_customers(p_moves);
    END IF;
    new_messages := 0;
    new_leads := 0;
    IF jsonb_array_length(p_messages) > 0 THEN
        v_customers := identify_customers(p_people);
        -- Statements of their own from here on: each sees what those have committed whose locks were waited for.
        SELECT array_agg(placed.index), array_agg(placed.conversation_id) INTO v_indexes, v_conversations
        FROM place_messages(p_messages, v_customers, c_placeholders) AS placed;
        SELECT made.messages, made.leads INTO new_messages, new_leads
        FROM store_messages(p_messages, v_indexes, v_conversations, c_placeholders) AS made;
    END IF;
    IF jsonb_array_length(p_statuses) > 0 THEN
        PERFORM mark_messages(p_statuses);
    END IF;
    RETURN NEXT;
END
$$;
REVOKE EXECUTE ON FUNCTION receive_events(jsonb, jsonb, jsonb, jsonb) FROM PUBLIC;
