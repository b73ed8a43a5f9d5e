-- Purpose: a phone number as people write it -> plus sign and digits; what is then not E.164 is refused by
-- the constraint customers_phone_e164. Takes out spaces, dashes and brackets, reads a leading 00 as a plus sign.
-- Locks: none. IMMUTABLE. Python's conversations.phone.normalise does the same; one table of cases holds both.
CREATE OR REPLACE FUNCTION normalise_phone(raw text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(
        -- space, tab, no-break spaces; ( ) [ ]; hyphen-minus and the Unicode dashes
        translate(raw, E' \t\u00a0\u2007\u202f()[]-\u2010\u2011\u2012\u2013\u2014\u2212', ''),
        '^00', '+');
