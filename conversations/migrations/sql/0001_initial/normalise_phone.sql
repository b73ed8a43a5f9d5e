-- Purpose: normalises a phone number to a plus sign and digits: removes spaces, dashes, dots, slashes, brackets,
-- invisible marks and a (0) after the country code, replaces full-width characters, and a leading 00 by the plus sign.
-- The constraint customers_phone_e164 then refuses what is not E.164.
-- Locks: none. IMMUTABLE. Same rules as conversations.phone.normalise; both are tested with one table of cases.
CREATE OR REPLACE FUNCTION normalise_phone(raw text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(translate(regexp_replace(
        -- The first characters are replaced: square brackets, then full-width plus, brackets, dot, slash and digits.
        -- The others are removed: separators; invisible marks; spaces; dashes.
        translate(raw, E'[]\uff0b\uff08\uff09\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19'
                       ' \t-./\uff0e\uff0f'
                       '\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b'
                       '\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff'
                       '\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006'
                       '\u2007\u2008\u2009\u200a\u202f\u205f\u3000'
                       '\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d',
                  '()+()0123456789'),
        -- +49 (0)151 …: the zero is dialled instead of the country code, not after it.
        '^(\(*(?:\+|00)\(*[1-9][0-9]{0,2}\)*)\(0\)', '\1'), '()', ''), '^00', '+');
