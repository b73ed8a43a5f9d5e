"""Folding of texts for the search: Python and SQL agree."""

import unicodedata

from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from conversations.search.folding import fold
from tests.cases import each_case
from tests.conversations.search.folding_cases import FOLDING_CASES

# What folds, or joins what is before it, since Unicode 15 or 16: of Python and PostgreSQL the older one leaves it as it
# is. Python 3.11 and PostgreSQL 15 have Unicode 14, Python 3.14 and PostgreSQL 18 have 16.
YOUNGER = "".join(
    chr(code)
    for first, last in [
        (0x897, 0x897), (0x1C89, 0x1C89), (0xA7CB, 0xA7CC), (0xA7DA, 0xA7DA), (0xA7DC, 0xA7DC), (0x105C9, 0x105E4),
        (0x10D50, 0x10D6D), (0x10EFD, 0x10EFF), (0x11383, 0x11391), (0x113C5, 0x113D0), (0x11F41, 0x11F42),
        (0x16121, 0x1612F), (0x16D68, 0x16D6A), (0x1CCD6, 0x1CCF9), (0x1E030, 0x1E06D), (0x1E08F, 0x1E08F),
        (0x1E4EC, 0x1E4EF), (0x1E5EE, 0x1E5EF),
    ]
    for code in range(first, last + 1)
)  # fmt: skip


def fold_in_sql(texts: list[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT fold_text(raw) FROM unnest(%s::text[]) WITH ORDINALITY AS given (raw, n) ORDER BY n", [texts]
        )
        return [folded for (folded,) in cursor.fetchall()]


@each_case(("text", "folded"), FOLDING_CASES)
def test_texts_that_mean_the_same_are_folded_to_the_same(text, folded):
    assert fold(text) == folded
    assert fold(fold(text)) == folded


def test_sql_folds_the_same(db):
    assert fold_in_sql([text for text, _ in FOLDING_CASES]) == [folded for _, folded in FOLDING_CASES]


def test_python_and_sql_agree_on_each_character(db):
    """Of Unicode's first two planes, except those that are not assigned in Python's version, or not in PostgreSQL's."""
    codes = (code for code in range(1, 0x20000) if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co"))
    characters = [character for character in map(chr, codes) if character not in YOUNGER]
    found = zip(characters, fold_in_sql(characters), strict=True)
    assert [hex(ord(character)) for character, folded in found if fold(character) != folded] == []


@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cn", "Cs", "Co"), exclude_characters="\0" + YOUNGER), max_size=30),
        max_size=50,
    )
)
def test_python_and_sql_agree_on_any_text(db, texts):
    assert fold_in_sql(texts) == [fold(text) for text in texts]


def test_nothing_is_folded_to_nothing(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT fold_text(NULL)")
        assert cursor.fetchone() == (None,)
