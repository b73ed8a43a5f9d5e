-- Purpose: a new UUID version 7 (RFC 9562, section 5.7 and, for the fraction, method 3 of section 6.2): 48 bits of
-- Unix milliseconds, 12 bits of their fraction, 62 random bits. Ids made a microsecond later sort later, so a
-- primary key is also the order "newest first".
-- One expression and no SET clause: PostgreSQL then puts it into the statement, and a row costs half of a call.
-- Locks: none. VOLATILE: every call differs. PostgreSQL 18 has uuidv7(); this one also runs on 15 to 17.
CREATE OR REPLACE FUNCTION uuid_v7() RETURNS uuid
    LANGUAGE sql VOLATILE PARALLEL SAFE
    RETURN (
        -- 4096ths of a millisecond, 15 hexadecimal digits until the year 2527; after the 12th stands the version.
        overlay('0' || to_hex(floor(extract(epoch FROM clock_timestamp()) * 4096000)::bigint) PLACING '7' FROM 13 FOR 0)
        -- The last eight bytes, with the variant, stay as gen_random_uuid made them.
        || substr(gen_random_uuid()::text, 20)
    )::uuid;
