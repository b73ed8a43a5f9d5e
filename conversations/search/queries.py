"""The conditions of a search for words and phone numbers, in the API and in the admin; pages.py reads the rows.

Every word has to be in the name or phone number of the customer, or in the text of the row: in any order, with gaps, in
any case, with or without accents (conversations/search/folding.py). Numbers are found in any spelling.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import and_
from typing import Final

from django.db.models import F, Q
from django.db.models.lookups import Contains, Regex

from conversations.phone import phone_key, plain
from conversations.search.folding import Folded, fold

MAX_WORDS: Final = 20
TERM_MAX_LENGTH: Final = 200
_PHONE_LIKE: Final = re.compile(r"[+0-9()\[\]./-]+")
_TRUNK_ZERO: Final = re.compile(r"[(\[]\s*0\s*[)\]]")
_MIN_DIGITS: Final = 3
_BETWEEN_WORDS: Final = re.compile(r"[\s,;:!?()\[\]{}<>\"/\u2010-\u2015\u201c-\u201f\u00ab\u00bb\u2026-]+")
# What a word can come after. Not a negated class: pg_trgm would not use its index.
_BEFORE_A_WORD: Final = r'(^|[ \n\r\t\-.,;:_+/(){}<>"&@#*=|!?\[\]])'
_TRIGRAM: Final = re.compile(r"[^\W_]{3}")
# Han, kana and other characters without spaces between words.
_FIRST_WITHOUT_SPACES: Final = "\u2e80"


class TooManyWords(ValueError):
    """The term has more words than a search takes."""


@dataclass(frozen=True)
class Part:
    """A word, or the words that a phone number was written in. `numbers`: the digits by which to find that number."""

    words: tuple[str, ...]
    numbers: frozenset[str] = frozenset()


def phone_fragments(term: str) -> set[str]:
    """Return the digits of a term that looks like (part of) a phone number: as in `phone`, and as in `phone_key`.

    A leading 0 or 00, and a (0) after the country code, are left out, as in stored numbers. Empty for other terms.
    """
    number = plain(term)
    if not all(_PHONE_LIKE.fullmatch(piece) for piece in number.split()):
        return set()
    digits = re.sub(r"[^0-9]", "", _TRUNK_ZERO.sub("", number)).lstrip("0")
    return {digits, phone_key(f"+{digits}")[1:]} if len(digits) >= _MIN_DIGITS else set()


def read_term(term: str) -> list[Part]:
    """Return what a row has to have to be found. Raises TooManyWords."""
    parts = list(_parts(fold(plain(term))))
    if sum(len(part.words) for part in parts) > MAX_WORDS:
        raise TooManyWords(f"Search for at most {MAX_WORDS} words.")
    return parts


def _parts(text: str) -> Iterator[Part]:
    for is_number, pieces in groupby(text.split(), key=lambda piece: bool(_PHONE_LIKE.fullmatch(piece))):
        if is_number:
            words = tuple(pieces)
            yield Part(words, frozenset(phone_fragments(" ".join(words))))
            continue
        for piece in pieces:
            # A piece of punctuation only is searched for as it is.
            yield from (Part((word,)) for word in _BETWEEN_WORDS.split(piece) if word)


def customers_with(part: Part, path: str = "") -> Q:
    """Return the condition for customers with this name or number; `path` is the lookup prefix to the customer.

    It is written so that the indexes customers_by_words and customers_by_folded_phone are used.
    """
    condition = texts_with(part, f"{path}name")
    for number in part.numbers:
        folded = Q(**{f"{path}phone_key__contains": number}) & ~Q(**{f"{path}phone_key": F(f"{path}phone")})
        condition |= Q(**{f"{path}phone__contains": number}) | folded
    return condition


def texts_with(part: Part, field: str) -> Q:
    """Return the condition for rows with these words in the field, which has a trigram index of its folded text.

    A word of one or two letters is found at the beginning of a word only: there the index knows it.
    """
    return reduce(and_, (Q(_has_word(Folded(F(field)), word)) for word in part.words))


def _has_word(text: Folded, word: str) -> Contains | Regex:
    if _TRIGRAM.search(word) or not word[0].isalnum() or word[0] >= _FIRST_WITHOUT_SPACES:
        return Contains(text, word)
    return Regex(text, _BEFORE_A_WORD + re.escape(word))
