-- Purpose: what providers delivered, as rows: customers who moved, messages with their customers, conversations and
-- leads, statuses of messages that went out. Three JSON lists:
--   p_moves     see move_customers
--   p_messages  {user_id; phone (E.164), whatsapp_user_id, name: of the customer, whichever side wrote; direction, kind,
--               content, provider_id, status, provider_time, at (provider_time, or when it was received), extras,
--               opens: lead, conversation or nothing}
--   p_statuses  {user_id …}: only for the locks; conversations/services/statuses.py applies them afterwards
-- A message that is here already (same business, same provider_id) changes nothing, except that a placeholder
-- takes the real content when that follows. A new message that opens a lead joins the customer's active
-- conversation, else reopens the newest if that is completed, else opens a new one; and where the conversation has
-- no lead it gets one. A message that opens a conversation only joins the newest, whatever its status, or opens one.
-- One that opens nothing joins the newest or is left out.
-- The lead's details are the text of the earliest message that opens leads, until somebody changes them.
-- Returns how many messages and leads were made, and how many messages were left out for want of a conversation.
-- Locks: more than one event: the businesses (lock_businesses); then customers, conversations, leads, messages, in the
-- order of the functions called here. VOLATILE.
CREATE OR REPLACE FUNCTION receive_events(p_moves jsonb, p_messages jsonb, p_statuses jsonb)
    RETURNS TABLE (made_messages integer, made_leads integer, left_out integer)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    -- What a provider sends in the place of a message that it may send whole later, under the same id.
    c_placeholders CONSTANT text[] := ARRAY['unsupported', 'unknown', 'media_placeholder'];
    v_new integer[];
    v_completing integer[];
    v_customers uuid[];
    v_indexes integer[];
    v_conversations uuid[];
BEGIN
    IF jsonb_array_length(p_moves) + jsonb_array_length(p_messages) + jsonb_array_length(p_statuses) > 1 THEN
        PERFORM lock_businesses(array_agg((event ->> 'user_id')::uuid))
        FROM jsonb_array_elements(p_moves || p_messages || p_statuses) AS event;
    END IF;
    IF jsonb_array_length(p_moves) > 0 THEN
        PERFORM move_customers(p_moves);
    END IF;
    made_messages := 0;
    made_leads := 0;
    left_out := 0;
    IF jsonb_array_length(p_messages) > 0 THEN
        SELECT p_new, p_completing INTO v_new, v_completing FROM new_messages(p_messages, c_placeholders);
        IF v_new <> '{}' THEN
            v_customers := identify_customers(p_messages, v_new, v_completing, false);
            IF v_customers IS NULL THEN
                PERFORM move_customers(implied_moves(p_messages, v_new, v_completing));
                v_customers := identify_customers(p_messages, v_new, v_completing, true);
            END IF;
        END IF;
        -- Statements of their own from here on: each sees what those have committed whose locks were waited for.
        SELECT array_agg(index), array_agg(conversation_id) INTO v_indexes, v_conversations
        FROM place_messages(p_messages, v_new, v_customers, c_placeholders);
        SELECT made.messages, made.leads INTO made_messages, made_leads
        FROM store_messages(p_messages, v_indexes, v_conversations, c_placeholders) AS made;
        left_out := (
            SELECT count(*) FROM unnest(v_new) AS index
            WHERE index <> ALL (coalesce(v_indexes, '{}')) AND p_messages -> index ->> 'opens' = 'nothing');
    END IF;
    RETURN NEXT;
END
$$;
REVOKE EXECUTE ON FUNCTION receive_events(jsonb, jsonb, jsonb) FROM PUBLIC;
