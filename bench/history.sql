-- A business with years of leads: %(rows)s of them, one every ten minutes until now, a fifth by customers who came
-- again. Words and names of different frequency: each of forty words in a tenth of the leads, "ginger" in a
-- thousandth, each full name with a number once.
WITH word AS (
    SELECT ARRAY['cake', 'lemon', 'wedding', 'birthday', 'croissant', 'delivery', 'Saturday', 'morning', 'table',
        'window', 'gluten', 'free', 'bread', 'sourdough', 'order', 'please', 'price', 'how', 'much', 'open', 'Sunday',
        'evening', 'party', 'children', 'chocolate', 'vanilla', 'strawberry', 'invoice', 'company', 'catering',
        'office', 'pickup', 'twenty', 'people', 'vegan', 'nuts', 'allergy', 'thanks', 'again', 'urgent'] AS words,
        ARRAY['Amina', 'Bruno', 'Carla', 'Diego', 'Elena', 'Farid', 'Greta', 'Hugo', 'Ines', 'Jonas', 'Katya', 'Liam',
        'Maria', 'Noor', 'Olga', 'Pablo', 'Quinn', 'Rosa', 'Sami', 'Tara'] AS names
), lead AS (
    SELECT n, now() - (%(rows)s - n) * interval '10 minutes' AS at, n * 4 / 5 AS customer,
           lpad(to_hex((extract(epoch FROM now() - (%(rows)s - n) * interval '10 minutes') * 1000)::bigint), 12, '0')
               || '7000' || substr(encode(uuid_send(gen_random_uuid()), 'hex'), 17) AS id
    FROM generate_series(1, %(rows)s) AS n
), customer AS (
    INSERT INTO customers (id, user_id, phone, name, created_at)
    SELECT id::uuid, %(user_id)s, '+49' || 15000000000 + customer::bigint * 7919,
           names[1 + customer %% 20] || ' ' || initcap(words[1 + customer / 20 %% 40]) || ' ' || customer, at
    FROM lead, word WHERE n %% 5 <> 0
    RETURNING id, phone
), conversation AS (
    INSERT INTO conversations (id, user_id, customer_id, status, created_at)
    SELECT lead.id::uuid, %(user_id)s, customer.id, CASE WHEN n %% 5 = 0 THEN 'completed' ELSE 'active' END, at
    FROM lead JOIN customer ON customer.phone = '+49' || 15000000000
        + CASE WHEN n %% 5 = 0 THEN lead.customer - 1 ELSE lead.customer END::bigint * 7919
    RETURNING id
)
INSERT INTO leads (id, user_id, conversation_id, type, details, status, source, created_at)
SELECT lead.id::uuid, %(user_id)s, conversation.id, (ARRAY['order', 'booking', 'inquiry'])[1 + n %% 3],
       concat_ws(' ', words[1 + n %% 40], words[1 + n / 7 %% 40], words[1 + n / 91 %% 40], words[1 + n / 1003 %% 40],
                 CASE WHEN n %% 1000 = 0 THEN 'ginger' END),
       CASE WHEN n %% 20000 = 0 THEN 'lost' WHEN n %% 10 < 7 THEN 'converted' ELSE 'new' END,
       CASE WHEN n %% 50000 = 0 THEN 'sql' ELSE 'import' END, at
FROM lead JOIN conversation ON conversation.id = lead.id::uuid, word
