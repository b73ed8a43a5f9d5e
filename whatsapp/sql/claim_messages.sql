-- Purpose: messages for a worker to send now, at most p_limit, each the worker's own until its lease ends. Of a customer
-- one at a time, and those through one number in the order in which they were stored, whatever the conversation: while
-- one waits for its next attempt or is being sent, those behind it wait. (To the customer each number is a chat of its
-- own, and a number that is stopped must not keep back the others.)
-- Pace, for each number and for each customer, by one time in the row of each (a leaky bucket as a meter: the generic
-- cell rate algorithm, ITU-T I.371): paced_until is when all that was granted so far will have been sent.
--   p_rate   messages a second of one number; granted up to p_ahead in advance, each with how long to wait
--   p_pair   seconds between two messages to one customer; p_burst of them may follow each other at once
-- `token` is encrypted as it is stored. `wait` is how long to hold the message back, in seconds.
-- Locks: numbers, customers and messages, of which those are passed over that somebody holds; so it waits for nobody.
-- NO KEY UPDATE, which lets those pass who only refer to the row. VOLATILE.
CREATE OR REPLACE FUNCTION claim_messages(
    p_limit integer, p_lease interval, p_rate double precision, p_ahead interval, p_pair double precision,
    p_burst integer)
    RETURNS TABLE (
        id uuid, user_id uuid, attempt integer, retry_kind text, retries integer, kind text, content text, extras jsonb, address text, channel_id uuid,
        provider text, phone_number_id text, token text, wait double precision)
    LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
    -- Along the index messages_due and no further than the limit, whatever the planner thinks of the queue's length: to
    -- hash and sort a queue of 100,000 took 430 ms for each claim.
    SET enable_hashjoin = off
    SET enable_mergejoin = off
    SET enable_sort = off
AS $$
#variable_conflict use_column
DECLARE
    v_now timestamptz := statement_timestamp();
    v_channel record;
    v_begin timestamptz;
    v_claimed integer;
    v_left integer := p_limit;
BEGIN
    FOR v_channel IN
        SELECT c.* FROM channels AS c
        WHERE c.active AND c.stopped_at IS NULL AND coalesce(c.paced_until, '-infinity') <= v_now + p_ahead
            AND EXISTS (SELECT FROM messages AS m
                        WHERE m.channel_id = c.id AND m.status = 'queued' AND m.due_at <= v_now)
        -- Whoever has waited longest, so that a number with a long queue leaves room for the others.
        ORDER BY c.paced_until NULLS FIRST FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        EXIT WHEN v_left <= 0;
        v_begin := greatest(v_channel.paced_until, v_now);
        -- A statement of its own: it sees what the worker has committed who had this number before.
        RETURN QUERY
        WITH next AS MATERIALIZED (
            SELECT m.id, customer.id AS customer_id
            FROM messages AS m
            JOIN conversations AS v ON v.id = m.conversation_id
            JOIN customers AS customer ON customer.id = v.customer_id
            WHERE m.channel_id = v_channel.id AND m.user_id = v_channel.user_id
                AND m.status = 'queued' AND m.due_at <= v_now
                AND coalesce(customer.paced_until, '-infinity') <= v_now + make_interval(secs => p_pair * (p_burst - 1))
                -- Most of those that must wait are found here, by one step in the index.
                AND NOT EXISTS (
                    SELECT FROM messages AS before WHERE before.conversation_id = m.conversation_id
                        AND before.channel_id = m.channel_id
                        AND before.status IN ('queued', 'sending') AND before.id < m.id)
                AND NOT EXISTS (
                    SELECT FROM conversations AS other JOIN messages AS before ON before.conversation_id = other.id
                    WHERE other.customer_id = v.customer_id AND before.id <> m.id
                        AND (before.status = 'sending'
                             OR (before.status = 'queued' AND before.id < m.id AND before.channel_id = m.channel_id)))
            ORDER BY m.due_at
            LIMIT least(v_left, 1 + floor(extract(epoch FROM v_now + p_ahead - v_begin) * p_rate)::integer)
            FOR NO KEY UPDATE OF m, customer SKIP LOCKED
        ), paced AS (
            UPDATE customers AS c SET paced_until = greatest(c.paced_until, v_now) + make_interval(secs => p_pair)
            FROM next WHERE c.id = next.customer_id
        ), claimed AS (
            UPDATE messages AS m SET status = 'sending', attempts = m.attempts + 1, leased_until = v_now + p_lease
            FROM next WHERE m.id = next.id
            RETURNING m.id, m.user_id, m.attempts, m.retry_kind, m.retries, m.kind, m.content, m.extras, m.address
        )
        SELECT id, user_id, attempts, retry_kind::text, retries, kind::text, content, extras, address::text, v_channel.id,
               v_channel.provider::text, v_channel.phone_number_id::text, v_channel.encrypted_access_token,
               extract(epoch FROM v_begin - v_now)::double precision + (row_number() OVER (ORDER BY id) - 1) / p_rate
        FROM claimed;
        GET DIAGNOSTICS v_claimed = ROW_COUNT;
        v_left := v_left - v_claimed;
        IF v_claimed > 0 THEN
            UPDATE channels AS c SET paced_until = v_begin + make_interval(secs => v_claimed / p_rate)
            WHERE c.id = v_channel.id;
        END IF;
    END LOOP;
END
$$;
REVOKE EXECUTE ON FUNCTION claim_messages(integer, interval, double precision, interval, double precision, integer) FROM PUBLIC;
