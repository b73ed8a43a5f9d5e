-- Purpose: a new UUID version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then 74 random bits.
-- Ids made later sort later, so a primary key is also the order "newest first".
-- Locks: none. VOLATILE: every call differs. PostgreSQL 18 has uuidv7(); this one also runs on 15 to 17.
CREATE FUNCTION uuid_v7() RETURNS uuid
    LANGUAGE sql VOLATILE PARALLEL SAFE
    RETURN encode(
        set_bit(set_bit(
            overlay(
                uuid_send(gen_random_uuid())
                PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                FROM 1 FOR 6
            ),
            52, 1), 53, 1),  -- gen_random_uuid() says version 4 (0100); these two bits make it 7 (0111)
        'hex')::uuid;
