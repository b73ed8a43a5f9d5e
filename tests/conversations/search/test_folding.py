"""Folding of texts for the search: Python and SQL agree."""

import unicodedata

from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from conversations.search.folding import fold
from tests.cases import each_case
from tests.conversations.search.folding_cases import FOLDING_CASES


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
    """Of Unicode's first two planes, except those that are not assigned in Python's version."""
    characters = [chr(code) for code in range(1, 0x20000) if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co")]
    found = zip(characters, fold_in_sql(characters), strict=True)
    assert [hex(ord(character)) for character, folded in found if fold(character) != folded] == []


@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cn", "Cs", "Co"), exclude_characters="\0"), max_size=30), max_size=50
    )
)
def test_python_and_sql_agree_on_any_text(db, texts):
    assert fold_in_sql(texts) == [fold(text) for text in texts]


def test_nothing_is_folded_to_nothing(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT fold_text(NULL)")
        assert cursor.fetchone() == (None,)
