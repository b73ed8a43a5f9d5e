-- Purpose: a new UUID version 7 (RFC 9562, section 5.7 and, for the fraction, method 3 of section 6.2): 48 bits of
-- Unix milliseconds, 12 bits of their fraction, 62 random bits. Ids created a microsecond later sort later, so
-- sorting by primary key is sorting by time of creation.
-- One expression and no SET clause, so that PostgreSQL inlines the function, which halves its cost.
-- Locks: none. VOLATILE: each call returns another value. PostgreSQL 18 has uuidv7(); this function also runs on 15
-- to 17.
CREATE OR REPLACE FUNCTION uuid_v7() RETURNS uuid
    LANGUAGE sql VOLATILE PARALLEL SAFE
    RETURN (
        -- 4096ths of a millisecond, 15 hexadecimal digits until the year 2527; the version is inserted after the 12th.
        overlay('0' || to_hex(floor(extract(epoch FROM clock_timestamp()) * 4096000)::bigint) PLACING '7' FROM 13 FOR 0)
        -- The last eight bytes, with the variant, are those of gen_random_uuid.
        || substr(gen_random_uuid()::text, 20)
    )::uuid;
