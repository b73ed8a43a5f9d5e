-- Purpose: a text as the search compares it: lower case, without accents, apostrophes and invisible marks, compatible
-- characters as one (full-width digits, ligatures), ß as ss, ı as i.
-- Locks: none. IMMUTABLE: the indexes customers_by_words and leads_by_words need it. Same rules as
-- conversations.search.folding.fold; both are tested with one table of cases. ASCII costs no more than lower().
CREATE OR REPLACE FUNCTION fold_text(raw text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN octet_length(raw) = length(raw) THEN replace(lower(raw), '''', '')
        ELSE translate(replace(replace(replace(
            -- Removed: apostrophes, the soft hyphen, combining accents, Hebrew points, Arabic marks and the stretching
            -- stroke, zero-width characters, direction marks, variation selectors.
            regexp_replace(lower(normalize(replace(raw, U&'\00b4', ''), NFKD)),
                '[''\u00ad\u02b9-\u02bc\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a'
                '\u0640\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u2018\u2019\u201b\u202a-\u202e\u2032'
                '\u2060-\u2069\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff]+', '', 'g'),
            U&'\00df', 'ss'), U&'\00e6', 'ae'), U&'\0153', 'oe'), U&'\0131\00f8\0142\0111\03c2', U&'iold\03c3')
    END;
