-- Purpose: trims the same white space as Python's str.strip, so that Python and SQL agree on which names are blank.
-- Locks: none. IMMUTABLE.
CREATE OR REPLACE FUNCTION trim_text(raw text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN btrim(raw, E' \t\n\u000b\f\r\u001c\u001d\u001e\u001f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005'
        '\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000');
