-- Chats for the newest %(conversations)s conversations of a business: %(each)s messages in each, a minute apart, from both
-- sides, the last one now and then from the customer, who waits.
WITH word AS (
    SELECT ARRAY['cake', 'lemon', 'wedding', 'birthday', 'croissant', 'delivery', 'Saturday', 'morning', 'table',
        'window', 'gluten', 'free', 'bread', 'sourdough', 'order', 'please', 'price', 'how', 'much', 'open', 'Sunday',
        'evening', 'party', 'children', 'chocolate', 'vanilla', 'strawberry', 'invoice', 'company', 'catering',
        'office', 'pickup', 'twenty', 'people', 'vegan', 'nuts', 'allergy', 'thanks', 'again', 'urgent'] AS words
), chat AS (
    SELECT c.id, row_number() OVER (ORDER BY c.id DESC) AS n, customers.phone, c.created_at
    FROM conversations AS c JOIN customers ON customers.id = c.customer_id
    WHERE c.user_id = %(user_id)s ORDER BY c.id DESC LIMIT %(conversations)s
)
INSERT INTO messages (id, user_id, conversation_id, channel_id, address, direction, kind, content, provider_id, status,
                      provider_time, sort_at, is_turn, created_at)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7000'
        || substr(encode(uuid_send(gen_random_uuid()), 'hex'), 17))::uuid, %(user_id)s, chat.id, %(channel_id)s, phone, direction, 'text',
       concat_ws(' ', words[1 + (n + m) %% 40], words[1 + (n * 3 + m) %% 40], words[1 + n / 7 %% 40],
                 words[1 + (n + m * 5) %% 40], words[1 + n / 91 %% 40], CASE WHEN (n * 25 + m) %% 5000 = 0 THEN 'ginger' END),
       'wamid.' || n || '.' || m, CASE direction WHEN 'in' THEN 'received' ELSE 'read' END, at, at, true, at
FROM chat, word, generate_series(1, %(each)s) AS m,
     LATERAL (SELECT created_at + m * interval '1 minute' AS at,
                     CASE WHEN m %% 2 = 1 OR (m = %(each)s AND n %% 3 = 0) THEN 'in' ELSE 'out' END AS direction) AS said
