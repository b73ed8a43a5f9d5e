-- Purpose: one key for all forms in which WhatsApp writes a number: Mexico +52 1 … = +52 …, Argentina
-- +54 9 … = +54 …, Brazilian mobiles with or without their ninth digit. A Brazilian number of eight digits that
-- starts with 2 to 5 is a landline and keeps its form. Numbers of eight digits in Ivory Coast (225) and Benin (229) get
-- the two digits that were put in front of them in 2021 and 2024: conversations/phone.py explains which.
-- Locks: none. IMMUTABLE: the generated column customers.phone_key needs it. Same rules as
-- conversations.phone.phone_key; both are tested with one table of cases.
CREATE OR REPLACE FUNCTION phone_key(phone text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE
        WHEN left(phone, 4) IN ('+225', '+229') AND phone ~ '^.{4}[0-9]{8}$' THEN left(phone, 4) || CASE
            WHEN phone ~ '^\+229' THEN '01'
            WHEN phone ~ '^....[23].0' THEN '25'
            WHEN phone ~ '^....2.8' THEN '21'
            WHEN phone ~ '^....[23]' THEN '27'
            WHEN phone ~ '^....1' THEN ''
            WHEN phone ~ '^.....[0-3]' THEN '01'
            WHEN phone ~ '^.....[4-6]' THEN '05'
            ELSE '07' END || substr(phone, 5)
        ELSE regexp_replace(
            phone,
            '^\+(52)1([0-9]{10})$|^\+(54)9([0-9]{10})$|^\+(55[1-9][0-9])9([6-9][0-9]{7})$',
            '+\1\2\3\4\5\6')
    END;
