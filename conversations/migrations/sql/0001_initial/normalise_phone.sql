-- Purpose: normalises a phone number to a plus sign and digits: removes spaces, dashes and brackets, and replaces a
-- leading 00 by the plus sign. The constraint customers_phone_e164 then refuses what is not E.164.
-- Locks: none. IMMUTABLE. Same rules as conversations.phone.normalise; both are tested with one table of cases.
CREATE OR REPLACE FUNCTION normalise_phone(raw text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(
        -- space, tab, no-break spaces; ( ) [ ]; hyphen-minus and the Unicode dashes
        translate(raw, E' \t\u00a0\u2007\u202f()[]-\u2010\u2011\u2012\u2013\u2014\u2212', ''),
        '^00', '+');
