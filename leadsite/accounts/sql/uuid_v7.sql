-- Purpose: a new UUID version 7 (RFC 9562, section 5.7 and, for the fraction, method 3 of section 6.2): 48 bits of
-- Unix milliseconds, 12 bits of their fraction, 62 random bits. Ids made a microsecond later sort later, so a
-- primary key is also the order "newest first".
-- Locks: none. VOLATILE: every call differs. PostgreSQL 18 has uuidv7(); this one also runs on 15 to 17.
CREATE OR REPLACE FUNCTION uuid_v7() RETURNS uuid
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE
    SET search_path = pg_catalog
AS $$
DECLARE
    v_milliseconds numeric := extract(epoch FROM clock_timestamp()) * 1000;
    v_whole bigint := floor(v_milliseconds);
BEGIN
    -- The last eight bytes, with the variant, stay as gen_random_uuid made them; 28672 is the version, 0x7000.
    RETURN encode(
        overlay(
            uuid_send(gen_random_uuid())
            PLACING substring(int8send(v_whole) FROM 3)
                || int2send((28672 + floor((v_milliseconds - v_whole) * 4096))::smallint)
            FROM 1 FOR 8),
        'hex')::uuid;
END
$$;
