-- Purpose: one key for all forms in which WhatsApp writes a number: Mexico +52 1 … = +52 …, Argentina
-- +54 9 … = +54 …, Brazilian mobiles with or without their ninth digit. A Brazilian number of eight digits that
-- starts with 2 to 5 is a landline and keeps its form.
-- Locks: none. IMMUTABLE: the generated column customers.phone_key needs it. Same rules as
-- conversations.phone.phone_key; both are tested with one table of cases.
CREATE OR REPLACE FUNCTION phone_key(phone text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(
        phone,
        '^\+(52)1([0-9]{10})$|^\+(54)9([0-9]{10})$|^\+(55[1-9][0-9])9([6-9][0-9]{7})$',
        '+\1\2\3\4\5\6');
